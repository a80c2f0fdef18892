//! Time to convolve a map of 256^3 with a kernel of 51^3, and to do it again with another kernel: `cargo bench --bench convolution`. With
//! `--scipy PYTHON` the same by `scipy.signal.fftconvolve` (workers of its own) in turn, so that both see the same machine.

use std::process::Command;
use std::time::Instant;

use voxgray::kernel::convolve::{Convolver, memory_bytes};
use voxgray::kernel::overlap::Octant;

const MAP: usize = 256;
const REACH: usize = 25;
const ROUNDS: usize = 3;

const SCIPY: &str = "
import numpy, scipy.fft, scipy.signal, time
a = numpy.zeros((256, 256, 256)); a[64:192, 64:192, 64:192] = numpy.random.default_rng(1).random((128, 128, 128))
k = numpy.random.default_rng(2).random((51, 51, 51))
t = time.perf_counter()
with scipy.fft.set_workers(-1):
    scipy.signal.fftconvolve(a, k, 'same')
print(time.perf_counter() - t)
";

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    let python = arguments.iter().position(|a| a == "--scipy").and_then(|n| arguments.get(n + 1));
    let inside = |i: usize| (64..192).contains(&i);
    let map: Vec<f64> = (0..MAP * MAP * MAP)
        .map(|v| {
            let at = [v % MAP, v / MAP % MAP, v / (MAP * MAP)];
            if at.into_iter().all(inside) { ((v * 7919) % 1000) as f64 } else { 0.0 }
        })
        .collect();
    let octant = Octant { voxel_cm: [0.3; 3], reach: [REACH; 3] };
    let kernel: Vec<f64> = (0..octant.len())
        .map(|v| 1.0 / (1.0 + octant.distance_cm(octant.unlinear(v)).powi(2)))
        .collect();
    let mib = memory_bytes([MAP; 3], [REACH; 3]) >> 20;
    println!("map {MAP}^3, kernel {}^3, about {mib} MiB of work space", 2 * REACH + 1);
    for round in 1..=ROUNDS {
        let since = Instant::now();
        let convolver = Convolver::new(&map, [MAP; 3], octant.reach);
        let found = convolver.with(&convolver.kernel(&octant, &kernel));
        let once = since.elapsed().as_secs_f64();
        let since = Instant::now();
        let again = convolver.with(&convolver.kernel(&octant, &kernel));
        let second = since.elapsed().as_secs_f64();
        assert!(found == again);
        let mut line =
            format!("round {round}: {once:.2} s, with another kernel {second:.2} s more");
        if let Some(python) = python {
            let output =
                Command::new(python).args(["-c", SCIPY]).output().expect("python with scipy");
            line += &format!("; scipy {} s", String::from_utf8_lossy(&output.stdout).trim());
        }
        println!("{line}");
    }
}
