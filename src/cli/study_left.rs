//! About how long the whole of a study will take that is run for the first time: from the histories per second of the transport that runs, and from
//! what this study's dose took beside it. Neglects that later cycles may have other images, and what a machine does beside.
//!
//! Nothing is told before histories have run for some seconds: until then nothing is known.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What a dose takes after its transport (sums, maps, tables, hashes), as a part of what it takes before it (reading, placing, fits).
const AFTER: f64 = 0.5;
/// Histories are counted from here on: threads have begun by then.
const WARM_UP: Duration = Duration::from_secs(1);
/// When it is told, s after the transport began; then each hour.
const TOLD_AT_S: [f64; 6] = [10.0, 60.0, 300.0, 900.0, 1800.0, 3600.0];

/// A stage that comes later.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Later {
    /// It took so long before, s.
    Known(f64),
    /// The dose of another cycle: as long as this one.
    Dose,
    /// As a part of what a dose takes beside its transport.
    Part(f64),
}

/// What a dose that runs is a part of.
#[derive(Debug, Clone, PartialEq)]
pub struct Rest {
    /// How many transports it has.
    pub transports: u32,
    /// What comes after it.
    pub later: Vec<Later>,
}

/// A dose that runs.
struct Running {
    rest: Rest,
    began: Instant,
    before_s: Option<f64>,
    ended: u32,
    transport: Option<Transport>,
}

struct Transport {
    began: Instant,
    of: u64,
    at_most: bool,
    done: u64,
    /// When histories began to be counted, and how many were done then.
    from: Option<(Instant, u64)>,
    told: usize,
}

static RUNNING: Mutex<Option<Running>> = Mutex::new(None);

fn running() -> MutexGuard<'static, Option<Running>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Until it is dropped, transports are those of one dose of a study.
pub struct Watched(());

impl Drop for Watched {
    fn drop(&mut self) {
        *running() = None;
    }
}

/// A dose begins.
#[must_use]
pub fn watch(rest: Rest) -> Watched {
    let began = Instant::now();
    *running() = Some(Running { rest, began, before_s: None, ended: 0, transport: None });
    Watched(())
}

/// A transport begins; `at_most`: a goal may end it before.
pub fn started(histories: u64, at_most: bool) {
    if let Some(dose) = running().as_mut() {
        let began = Instant::now();
        dose.before_s.get_or_insert((began - dose.began).as_secs_f64());
        let of = histories;
        dose.transport = Some(Transport { began, of, at_most, done: 0, from: None, told: 0 });
    }
}

/// Histories were run; what is told of the study's time left, where it is time to tell it.
pub fn advanced(histories: u64) -> Option<String> {
    let mut all = running();
    let dose = all.as_mut()?;
    let transport = dose.transport.as_mut()?;
    transport.done += histories;
    let now = Instant::now();
    let elapsed = now - transport.began;
    let from = *transport.from.get_or_insert((now, transport.done));
    if elapsed < WARM_UP {
        transport.from = Some((now, transport.done));
        return None;
    }
    let hours = |n: usize| (n + 2 - TOLD_AT_S.len()) as f64 * 3600.0;
    let due = TOLD_AT_S.get(transport.told).copied().unwrap_or_else(|| hours(transport.told));
    let (seconds, done) = ((now - from.0).as_secs_f64(), transport.done.saturating_sub(from.1));
    if elapsed.as_secs_f64() < due || done == 0 || seconds <= 0.0 {
        return None;
    }
    transport.told += 1;
    let at_most = transport.at_most;
    let seen = Seen {
        before_s: dose.before_s?,
        so_far_s: (now - dose.began).as_secs_f64(),
        rate: done as f64 / seconds,
        left: transport.of.saturating_sub(transport.done),
        whole: transport.of,
        after: dose.rest.transports.saturating_sub(dose.ended + 1),
    };
    let time = about(seen.study_left_s(&dose.rest.later));
    Some(match at_most {
        true => format!("at most {time} to the end of the study"),
        false => format!("{time} to the end of the study"),
    })
}

/// A transport has ended.
pub fn finished() {
    if let Some(dose) = running().as_mut() {
        dose.transport = None;
        dose.ended += 1;
    }
}

/// What a dose that runs shows.
struct Seen {
    /// Before its first transport, s.
    before_s: f64,
    /// Since it began, s.
    so_far_s: f64,
    /// Histories per second.
    rate: f64,
    /// Histories of this transport that are left.
    left: u64,
    /// Histories of a transport.
    whole: u64,
    /// Transports that follow.
    after: u32,
}

impl Seen {
    fn study_left_s(&self, later: &[Later]) -> f64 {
        let histories = self.left as f64 + self.whole as f64 * f64::from(self.after);
        let own = histories / self.rate + AFTER * self.before_s;
        let beside = (1.0 + AFTER) * self.before_s;
        let of = |stage: &Later| match stage {
            Later::Known(seconds) => *seconds,
            Later::Dose => self.so_far_s + own,
            Later::Part(part) => part * beside,
        };
        own + later.iter().map(of).sum::<f64>()
    }
}

/// A length of time with two digits: `about 47 s`, `about 3 min`, `about 2.5 h`.
pub fn about(seconds: f64) -> String {
    let rounded = |x: f64| if x < 10.0 { (x * 2.0).round() / 2.0 } else { x.round() };
    match seconds {
        s if s < 90.0 => format!("about {:.0} s", s.max(1.0)),
        s if s < 90.0 * 60.0 => format!("about {} min", rounded(s / 60.0)),
        s => format!("about {} h", rounded(s / 3600.0)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_is_made_of_what_was_seen() {
        let seen = Seen {
            before_s: 4.0,
            so_far_s: 10.0,
            rate: 1e5,
            left: 2_000_000,
            whole: 3_000_000,
            after: 0,
        };
        // 20 s of transport, 2 s after it.
        assert_eq!(seen.study_left_s(&[]), 22.0);
        assert_eq!(seen.study_left_s(&[Later::Known(5.0), Later::Part(0.5)]), 22.0 + 5.0 + 3.0);
        // Another cycle takes as long as this one in all.
        assert_eq!(seen.study_left_s(&[Later::Dose]), 22.0 + 32.0);
        let both = Seen { after: 1, ..seen };
        assert_eq!(both.study_left_s(&[]), 52.0);
    }

    #[test]
    fn lengths_of_time_have_no_more_digits_than_are_known() {
        for (seconds, text) in [
            (0.2, "about 1 s"),
            (47.4, "about 47 s"),
            (170.0, "about 3 min"),
            (210.0, "about 3.5 min"),
            (1234.0, "about 21 min"),
            (9000.0, "about 2.5 h"),
            (360_000.0, "about 100 h"),
        ] {
            assert_eq!(about(seconds), text, "{seconds}");
        }
    }

    #[test]
    fn nothing_is_told_outside_of_a_study_or_at_once() {
        assert_eq!(advanced(1000), None);
        let watched = watch(Rest { transports: 1, later: Vec::new() });
        started(1000, false);
        assert_eq!(advanced(10), None);
        drop(watched);
        assert_eq!(advanced(10), None);
    }
}
