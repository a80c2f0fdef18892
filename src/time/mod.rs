//! Dates and clocks: what a record, a file or a person writes, and the seconds between two of them.
//!
//! Left out: time zones by name, changes of a zone's rules, leap seconds (10.1088/0026-1394/48/4/S09: 27 s since 1972). Only a written
//! offset from UTC counts; it is never taken from the computer that runs the program.
//!
//! **One policy for zones, everywhere:**
//! 1. Times that both state an offset from UTC compare as instants, whatever the offsets: 10:00+01:00 is 09:00Z.
//! 2. Times that both state none compare as readings of one clock that is not changed between them; where clocks are, it is told.
//! 3. A time with an offset and one without do not compare: that is an error, for the missing hour or two cannot be told.
//!    One exception: a time that the user states without an offset beside files whose clocks have one is on their clock, and told.
//! 4. In DICOM, TimezoneOffsetFromUTC (0008,0201) is the offset of DA and TM values and of DT values that state none (PS3.3 C.12.1.1.8,
//!    PS3.5 6.2); a DT value's own offset goes before it.
//!
//! Absent is absent; what is there and cannot be read is an error that shows it.

mod clock_time;
mod dicom;
mod moment;
mod span;
mod summer;
mod written;

pub use clock_time::ClockTime;
pub use dicom::{Dated, dicom_date, dicom_date_time, dicom_offset, dicom_time};
pub use moment::{Moment, Offset};
pub use span::{TimeOrSpan, hours_text};
pub use summer::clocks_changed_between;
pub use written::{DateOrder, in_order, order_of};
