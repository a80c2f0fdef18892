//! The dates and times of a scan and of the administration. The standard leaves three gaps, which are closed here and said: an
//! acquisition time without a date lies on the day that brings it nearest to the series' time; an administration without a date stays a
//! time of day; and local times beside one with an offset from UTC get it where the same event is written both ways.

use super::attributes::*;
use super::contradictions;
use super::facts::Facts;
use super::frames::{Frame, Scope};
use super::midnight::{a_day_early, after_midnight};
use super::series::Header;
use crate::error::{Error, Result};
use crate::time::{
    ClockTime, Dated, Moment, Offset, dicom_date, dicom_date_time, dicom_offset, dicom_time,
};

/// When one slice of the volume was measured and how it was scaled, as its file states it.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct SliceClock {
    /// Start of its acquisition.
    pub start: Option<Moment>,
    /// Time of day of its acquisition, also where no date is stated.
    pub time_of_day: Option<ClockTime>,
    /// ActualFrameDuration, s; 0 is how it is left empty.
    pub duration_s: Option<f64>,
    /// DecayFactor.
    pub decay_factor: Option<f64>,
    /// FrameReferenceTime, s.
    pub frame_reference_time_s: Option<f64>,
}

/// Reads the times of one data set.
pub(super) struct Clock<'a> {
    pub root: Item<'a>,
    /// Offset from UTC of values that state none.
    pub zone: Option<Offset>,
}

impl<'a> Clock<'a> {
    /// With TimezoneOffsetFromUTC (0008,0201), if it is there.
    pub fn of(root: Item<'a>) -> Result<Self> {
        let read = |text: &str| dicom_offset(text);
        let zone = value(&root, TIMEZONE_OFFSET_FROM_UTC, "an offset such as +0100", read)?;
        Ok(Clock { root, zone })
    }

    fn date(&self, attribute: Attribute) -> Result<Option<jiff::civil::Date>> {
        value(&self.root, attribute, "a date such as 20261122", dicom_date)
    }

    /// A TM of the data set or of an item in it.
    pub fn time_of_day(
        &self,
        holder: &Item<'_>,
        attribute: Attribute,
    ) -> Result<Option<ClockTime>> {
        let time = value(holder, attribute, "a time such as 101500.00", dicom_time)?;
        Ok(time.map(|t| ClockTime::new(t, self.zone)))
    }

    /// A DT of the data set or of an item in it.
    pub fn dated(&self, holder: &Item<'_>, attribute: Attribute) -> Result<Option<Dated>> {
        value(holder, attribute, "a date and time such as 20261122101500.00+0100", dicom_date_time)
    }

    /// A pair of attributes; none if one of them is absent.
    fn pair(&self, date: Attribute, time: Attribute) -> Result<Option<Moment>> {
        let (date, time) = (self.date(date)?, self.time_of_day(&self.root, time)?);
        Ok(date.zip(time).map(|(d, t)| t.on(d)))
    }

    /// SeriesDate and SeriesTime.
    pub fn series(&self) -> Result<Option<Moment>> {
        self.pair(SERIES_DATE, SERIES_TIME)
    }

    /// StructureSetDate and -Time of an RTSTRUCT, ContentDate and -Time of a SEG: when VOIs were drawn, without a time as its day began.
    pub fn drawn(&self) -> Result<Option<Moment>> {
        let begins = ClockTime::new(jiff::civil::Time::midnight(), self.zone);
        for (date, time) in [(STRUCTURE_SET_DATE, STRUCTURE_SET_TIME), (CONTENT_DATE, CONTENT_TIME)]
        {
            if let Some(date) = self.date(date)? {
                return Ok(Some(self.time_of_day(&self.root, time)?.unwrap_or(begins).on(date)));
            }
        }
        Ok(None)
    }

    /// AcquisitionDateTime; else AcquisitionDate and AcquisitionTime; else AcquisitionTime on the day that brings it nearest to the series.
    pub fn acquisition(&self) -> Result<Option<Moment>> {
        let stated = match self.dated(&self.root, ACQUISITION_DATE_TIME)? {
            Some(Dated::Moment(moment)) => Some(moment.or_offset(self.zone)),
            Some(Dated::Date(_)) | None => self.pair(ACQUISITION_DATE, ACQUISITION_TIME)?,
        };
        let Some(time) = self.time_of_day(&self.root, ACQUISITION_TIME)? else { return Ok(stated) };
        match (stated, self.series()?) {
            (None, Some(series)) => time.nearest_to(&series).map(Some),
            _ => Ok(stated),
        }
    }

    /// RadiopharmaceuticalStartDateTime, or RadiopharmaceuticalStartTime without a date.
    pub fn administration(&self, item: &Item<'_>) -> Result<(Option<Moment>, Option<ClockTime>)> {
        let time = self.time_of_day(item, RADIOPHARMACEUTICAL_START_TIME)?;
        Ok(match (self.dated(item, RADIOPHARMACEUTICAL_START_DATE_TIME)?, time) {
            (Some(Dated::Moment(moment)), _) => (Some(moment.or_offset(self.zone)), None),
            (Some(Dated::Date(date)), Some(time)) => (Some(time.on(date)), None),
            (_, time) => (None, time),
        })
    }

    /// The offset of local times where the file writes one event both with an offset and in local time, or else that of the
    /// administration's DT, which is then assumed, with a note. An offset of +00:00 is not assumed: that is how clocks of UTC write too.
    fn infer_zone(&mut self, item: Option<&Item<'_>>, notes: &mut Vec<String>) -> Result<()> {
        if self.zone.is_some() {
            return Ok(());
        }
        let stamps = [
            (Some(self.root), ACQUISITION_DATE_TIME, ACQUISITION_TIME),
            (item.copied(), RADIOPHARMACEUTICAL_START_DATE_TIME, RADIOPHARMACEUTICAL_START_TIME),
        ];
        let mut assumed = None;
        for (holder, stamp, local) in stamps {
            let Some(holder) = holder else { continue };
            let Some(Dated::Moment(moment)) = self.dated(&holder, stamp)? else { continue };
            let Some(own) = moment.offset() else { continue };
            if let Some(local) = self.time_of_day(&holder, local)? {
                self.zone = shown_by(&moment, own, &local);
            }
            if self.zone.is_some() {
                return Ok(());
            }
            assumed = assumed.or(Some((stamp, own)).filter(|(_, own)| own.minutes() != 0));
        }
        let local =
            self.series()?.is_some() || self.acquisition()?.is_some_and(|t| t.offset().is_none());
        if let Some((stamp, own)) = assumed.filter(|_| local) {
            notes.push(format!(
                "{TIMEZONE_OFFSET_FROM_UTC} is missing: times without an offset from UTC are taken to have that of {stamp}, {own}"
            ));
            self.zone = Some(own);
        }
        Ok(())
    }
}

/// The offset from UTC of a clock that showed `local` at `moment`, if it is one to a quarter of an hour within half a minute.
fn shown_by(moment: &Moment, own: Offset, local: &ClockTime) -> Option<Offset> {
    let as_local = local.or_offset(Some(own)).nearest_to(moment).ok()?;
    let ahead_min = as_local.seconds_since(moment).ok()? / 60.0;
    let quarters = (ahead_min / 15.0).round();
    let fits = (ahead_min - 15.0 * quarters).abs() <= 0.5;
    fits.then(|| Offset::from_minutes(own.minutes() + 15 * quarters as i32))?
}

fn value<T>(
    item: &Item<'_>,
    attribute: Attribute,
    form: &str,
    read: impl Fn(&str) -> Option<T>,
) -> Result<Option<T>> {
    let Some(text) = item.text(attribute) else { return Ok(None) };
    let bad = || {
        item.bad(
            attribute,
            &text,
            &format!("it must be {form}"),
            "Repair the header, or state the times: time in a series file, --administered for one image.",
        )
    };
    read(&text).map(Some).ok_or_else(bad)
}

impl Facts {
    /// Reads the times of a series; `ordered` are the frames of the volume, one a slice. What cannot be read is kept as a problem.
    pub(super) fn read_times(
        &mut self,
        headers: &[Header],
        ordered: &[&Frame],
        notes: &mut Vec<String>,
    ) {
        let Some(first) = headers.first() else { return };
        let mut problems = Problems::default();
        let root = first.root();
        let item = root.item(RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE);
        let mut zone = None;
        if let Some(clock) = problems.kept(clock_of(root, item.as_ref(), notes)) {
            zone = clock.zone;
            self.series_time = problems.kept(clock.series()).flatten();
            let given = item.and_then(|i| problems.kept(clock.administration(&i)));
            (self.administration_time, self.administration_clock) = given.unwrap_or_default();
            let items = root.items(RADIOPHARMACEUTICAL_INFORMATION_SEQUENCE);
            for (entry, item) in self.radiopharmaceuticals.iter_mut().zip(items) {
                // What cannot be read of one that is not used is no problem.
                let given = clock.administration(&item).unwrap_or_default();
                (entry.administration_time, entry.administration_clock) = given;
            }
            notes.extend(
                problems.kept(contradictions::administration(&clock, item.as_ref())).flatten(),
            );
            let scans = headers.iter().map(|h| contradictions::acquisition(h.root(), zone));
            notes.extend(scans.filter_map(|c| problems.kept(c).flatten()).next());
            notes.extend(problems.kept(contradictions::decay(&root)).unwrap_or_default());
            let to = problems.kept(clock.dated(&root, DECAY_CORRECTION_DATE_TIME)).flatten();
            if let Some(Dated::Moment(to)) = to {
                self.decay_corrected_to = Some(to.or_offset(zone));
            }
        }
        let starts: Vec<Option<Moment>> =
            headers.iter().map(|h| problems.kept(acquisition(h, zone)).flatten()).collect();
        let clocks: Vec<Option<ClockTime>> = headers
            .iter()
            .map(|h| {
                let clock = Clock { root: h.root(), zone };
                problems.kept(clock.time_of_day(&h.root(), ACQUISITION_TIME)).flatten()
            })
            .collect();
        self.slices = ordered
            .iter()
            .map(|f| {
                let root = headers[f.file].root();
                let own = problems.kept(frame_start(root, f, zone)).flatten();
                let number = |group, attribute: Attribute| {
                    let holder = Scope::of(root, f.index).find(group, attribute);
                    holder.map_or(Ok(None), |item| item.number(attribute))
                };
                let mut number =
                    |group, attribute| problems.kept(number(group, attribute)).flatten();
                let lasted = number(FRAME_CONTENT_SEQUENCE, FRAME_ACQUISITION_DURATION);
                let lasted =
                    lasted.or_else(|| number(FRAME_CONTENT_SEQUENCE, ACTUAL_FRAME_DURATION));
                SliceClock {
                    start: own.or(starts[f.file]),
                    time_of_day: clocks[f.file],
                    duration_s: lasted.filter(|ms| *ms > 0.0).map(|ms| ms * 1e-3),
                    decay_factor: number(PET_FRAME_CORRECTION_FACTORS_SEQUENCE, DECAY_FACTOR),
                    frame_reference_time_s: number(FRAME_CONTENT_SEQUENCE, FRAME_REFERENCE_TIME)
                        .map(|ms| ms * 1e-3),
                }
            })
            .collect();
        notes.extend(problems.kept(after_midnight(&mut self.slices)).flatten());
        let of_slices: Vec<Option<Moment>> = self.slices.iter().map(|s| s.start).collect();
        let used = if of_slices.is_empty() { &starts } else { &of_slices };
        self.acquisition_time = problems.kept(earliest(used)).flatten();
        if let (Some(acquired), Some(series)) = (self.acquisition_time, self.series_time) {
            problems.kept(a_day_early(&acquired, &series));
        }
        self.clock_problems = problems.0;
    }
}

/// What could not be read, each attribute once.
#[derive(Default)]
struct Problems(Vec<Error>);

impl Problems {
    fn kept<T>(&mut self, read: Result<T>) -> Option<T> {
        // Once, not for each slice: what follows the file's name.
        let about = |e: &Error| e.problem.split(": ").skip(1).collect::<String>();
        match read {
            Ok(value) => return Some(value),
            Err(e) if self.0.iter().any(|p| about(p) == about(&e)) => {}
            Err(e) => self.0.push(e),
        }
        None
    }
}

fn acquisition(header: &Header, zone: Option<Offset>) -> Result<Option<Moment>> {
    let mut clock = Clock::of(header.root())?;
    clock.zone = clock.zone.or(zone);
    clock.acquisition()
}

/// FrameAcquisitionDateTime of an enhanced object.
fn frame_start(root: Item<'_>, frame: &Frame, zone: Option<Offset>) -> Result<Option<Moment>> {
    let attribute = FRAME_ACQUISITION_DATE_TIME;
    let Some(item) = Scope::of(root, frame.index).find(FRAME_CONTENT_SEQUENCE, attribute) else {
        return Ok(None);
    };
    let clock = Clock::of(root)?;
    Ok(match clock.dated(&item, attribute)? {
        Some(Dated::Moment(moment)) => Some(moment.or_offset(clock.zone.or(zone))),
        _ => None,
    })
}

fn clock_of<'a>(
    root: Item<'a>,
    item: Option<&Item<'_>>,
    notes: &mut Vec<String>,
) -> Result<Clock<'a>> {
    let mut clock = Clock::of(root)?;
    clock.infer_zone(item, notes)?;
    Ok(clock)
}

fn earliest(starts: &[Option<Moment>]) -> Result<Option<Moment>> {
    let mut first: Option<Moment> = None;
    for start in starts.iter().flatten() {
        match &first {
            Some(other) if start.seconds_since(other)? >= 0.0 => {}
            _ => first = Some(*start),
        }
    }
    Ok(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_local_clock_beside_one_of_utc_shows_its_offset() {
        let offset = |moment: &str, local: &str| {
            let moment = Moment::parse(moment).unwrap();
            let local = Moment::parse(&format!("2000-01-01T{local}")).unwrap().time_of_day();
            shown_by(&moment, moment.offset().unwrap(), &local).map(Offset::minutes)
        };
        assert_eq!(offset("2026-03-01T09:00:00Z", "10:00:00"), Some(60));
        assert_eq!(offset("2026-03-01T09:00:00+01:00", "10:00:00"), Some(120));
        assert_eq!(offset("2026-03-01T23:30:00Z", "05:15:00"), Some(345));
        assert_eq!(offset("2026-03-02T02:00:00Z", "21:00:10"), Some(-300));
        assert_eq!(offset("2026-03-01T09:00:00Z", "09:07:00"), None);
    }
}
