//! What a person reads: pictures and plots (PNG, drawn without system fonts).

mod axes;
pub mod canvas;
pub mod colour_map;
mod curve_plot;
mod difference_slice;
pub mod dose_picture;
pub mod dvh_plot;
pub mod file_names;
mod fit_results;
pub mod html;
pub mod picture;
pub mod plot;
mod registration_picture;
pub mod setup;
mod slices;
pub mod summary;
mod svg;
pub mod tac_plot;
mod view;
pub mod voi_table;

pub use canvas::{Canvas, Rgb};
pub use colour_map::ColourMap;
pub use curve_plot::curve_plot;
pub use difference_slice::DifferenceSlice;
pub use dose_picture::DosePicture;
pub use dvh_plot::{DvhLine, DvhPlot};
pub use fit_results::CurveResults;
pub use picture::{OverlayPicture, OverlayScale};
pub use plot::{ComparisonPlot, PlotPoint, Residual};
pub use registration_picture::RegistrationPicture;
pub use slices::{Outline, Slices};
pub use svg::Svg;
pub use tac_plot::{BandPoint, TacPlot};
pub use view::body_box_mm;
