//! The threads of setup (reading, resampling, building); transport starts its own.

use crate::pipeline::Observer;

/// Makes the pool of `threads` threads, 0 for all processors, and of no more than there are processors. Where the system does not
/// start them (`ulimit -u`), one does the work; results do not depend on it. A pool that already stands (in tests) stays.
pub(super) fn prepare(threads: usize, observer: &dyn Observer) {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let threads = if threads == 0 { processors } else { threads.min(processors) };
    let pool = || rayon::ThreadPoolBuilder::new().num_threads(threads);
    // Tried apart: the pool that serves all can be made but once, even where making it fails.
    let _ = match pool().build() {
        Ok(_) => pool().build_global(),
        Err(error) => {
            observer
                .warn(&format!("the threads of setup do not start ({error}): one does the work"));
            rayon::ThreadPoolBuilder::new().num_threads(1).use_current_thread().build_global()
        }
    };
}
