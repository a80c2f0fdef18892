//! The threads of setup (reading, resampling, building); transport starts its own.

use crate::pipeline::Observer;

/// Makes the pool of `threads` threads, 0 for all processors. Where the system does not give that many (`ulimit -u`), one does the
/// work; results do not depend on it. A pool that already stands (in tests) stays.
pub(super) fn prepare(threads: usize, observer: &dyn Observer) {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    if let Err(error) = pool.build_global() {
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread();
        if one.build_global().is_ok() {
            observer.warn(&format!(
                "the system does not start the threads of setup ({error}): one does the work"
            ));
        }
    }
}
