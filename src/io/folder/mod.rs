//! Folders that voxgray writes: what of them is its own, and who writes to them now.

mod lock;
mod mark;
mod marked;

pub use lock::FolderLock;
pub use mark::{Contents, MARK, Mark, MarkedFile};
pub use marked::MarkedFolder;
