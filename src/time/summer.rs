//! Whether clocks were changed to or from summer time between two readings without an offset from UTC. Neglects every rule but those of today's
//! European Union and North America, and whether the place of the clock has any: it is a reason to ask, no correction.

use jiff::civil::{Date, Weekday};

use super::Moment;

/// Whose clocks are changed.
const RULES: [(&str, [(i8, Nth); 2]); 2] = [
    ("Europe", [(3, Nth::Last), (10, Nth::Last)]),
    ("North America", [(3, Nth::Of(2)), (11, Nth::Of(1))]),
];

/// Which Sunday of a month.
#[derive(Clone, Copy)]
enum Nth {
    Of(i8),
    Last,
}

/// Where clocks were changed in the night between two readings, the first and the date; none where either states its offset.
pub fn clocks_changed_between(one: &Moment, other: &Moment) -> Option<(&'static str, Date)> {
    if one.offset().is_some() || other.offset().is_some() {
        return None;
    }
    let (from, to) =
        if other.seconds_since(one).ok()? >= 0.0 { (one, other) } else { (other, one) };
    let mut found = None;
    for year in from.date().year()..=to.date().year().min(from.date().year() + 1) {
        for (place, changes) in RULES {
            for (month, nth) in changes {
                let Some(date) = sunday(year, month, nth) else { continue };
                let within = from.date() < date && date <= to.date();
                if within && found.is_none_or(|(_, first)| date < first) {
                    found = Some((place, date));
                }
            }
        }
    }
    found
}

fn sunday(year: i16, month: i8, nth: Nth) -> Option<Date> {
    let first = Date::new(year, month, 1).ok()?;
    let n = match nth {
        Nth::Of(n) => n,
        Nth::Last => -1,
    };
    first.nth_weekday_of_month(n, Weekday::Sunday).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_lie_between_readings_or_not() {
        let at = |text: &str| Moment::parse(text).unwrap();
        for (a, b, place) in [
            ("2026-03-28T10:00:00", "2026-03-29T10:00:00", Some("Europe")),
            ("2026-03-29T10:00:00", "2026-03-28T10:00:00", Some("Europe")),
            ("2026-10-24T10:00:00", "2026-10-31T10:00:00", Some("Europe")),
            ("2026-03-07T10:00:00", "2026-03-09T10:00:00", Some("North America")),
            ("2026-10-31T10:00:00", "2026-11-02T10:00:00", Some("North America")),
            ("2026-03-29T10:00:00", "2026-04-05T10:00:00", None),
            ("2026-03-28T10:00:00+01:00", "2026-03-29T10:00:00+02:00", None),
            ("2026-06-01T10:00:00", "2026-06-08T10:00:00", None),
        ] {
            assert_eq!(clocks_changed_between(&at(a), &at(b)).map(|f| f.0), place, "{a} {b}");
        }
    }
}
