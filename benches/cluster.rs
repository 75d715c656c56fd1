//! The coordinator of a run on a cluster with 10,000 workers that only pretend: how many results it takes in, how far it
//! lags behind, and what following costs while nothing happens.
//!
//! `cargo bench --bench cluster` for 10,000 workers with 4 results each; `-- WORKERS RESULTS LAYERS` for others. Each
//! worker writes a file of its own, as tasks do, in a temporary folder (`TMPDIR` says on which file system).

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::Write;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use neartop::cluster::coordinator::{Coordinator, Patience, Turn};
use neartop::cluster::directory::{Directory, RunFile};
use neartop::cluster::engine::{Ending, Engine, EngineError, Queue};
use neartop::cluster::ledger::Ledger;
use neartop::cluster::part::{Header, write_line};
use neartop::cluster::slurm::read_queue;
use neartop::cluster::units::{Shard, Units};
use neartop_core::score::Score;
use neartop_core::score::propagation::{LayerSignal, Propagation};
use neartop_io::preset::Preset;
use neartop_study::scheduler::NearScorer;
use neartop_study::space::Space;
use neartop_study::store::{Entry, Work};
use neartop_study::study::Study;

/// Chunks in the queue, one of which fails the first time in a hundred.
#[derive(Clone, Default)]
struct Pretended {
    running: Arc<Mutex<Vec<u32>>>,
    submissions: Arc<AtomicUsize>,
}

impl Engine for Pretended {
    fn submit(&mut self, chunks: &[u32]) -> Result<u64, EngineError> {
        self.running.lock().expect("a lock").extend(chunks);
        Ok(self.submissions.fetch_add(1, Ordering::Relaxed) as u64 + 1)
    }

    fn queue(&mut self, jobs: &[u64]) -> Result<Queue, EngineError> {
        let running = self.running.lock().expect("a lock").clone();
        // As Slurm would say it.
        let text: String = running.iter().map(|chunk| format!("{}|{chunk}|RUNNING|None\n", jobs[0])).collect();
        Ok(read_queue(&text, u32::MAX))
    }

    fn ended(&mut self, _: u64) -> HashMap<u32, Ending> {
        HashMap::new()
    }

    fn cancel(&mut self, _: &[u64]) -> Result<(), EngineError> {
        Ok(())
    }

    fn log(&self, _: u64, _: u32) -> Option<PathBuf> {
        None
    }
}

/// A run whose results are made up.
struct Bench {
    space: Arc<Space>,
    work: Arc<Work>,
    units: Units,
    directory: Directory,
    workers: u32,
    layers: usize,
    _folder: tempfile::TempDir,
}

impl Bench {
    fn new(workers: u32, results: usize, layers: usize) -> Self {
        let wanted = workers as usize * results;
        let side = (wanted as f64).sqrt().ceil() as usize;
        let list = |name: &str, key: &str, n: usize| {
            let items: Vec<_> = (1..=n).map(|i| format!("{{{name}: {{{key}: {}}}}}", i as f64 / 1e4)).collect();
            items.join(", ")
        };
        let text = format!(
            "name: Pretended\ndata: {{source: gaussian}}\nnetwork: {{input: 2, layers: [linear: 2, activation]}}\n\
             search:\n  activations: [{}]\n  inits: [{}]\nscore: {{repetitions: 1}}\n",
            list("leaky_relu", "negative_slope", side),
            list("normal", "std", wanted.div_ceil(side)),
        );
        let preset = Preset::parse(&text, "pretended.yaml", std::path::Path::new("")).expect("a preset");
        let space = Arc::new(Space::new(Arc::new(preset)));
        let scorer = NearScorer::new(Arc::clone(&space)).expect("samples");
        let work = Arc::new(Work::new(&space, &scorer).expect("work"));
        let folder = tempfile::tempdir().expect("a folder");
        let directory = Directory::new(folder.path().to_owned());
        directory.make().expect("a directory");
        directory.write_run(&RunFile { header: Header::new(&work, None), chunks: workers }).expect("a plan");
        Self { units: Units::new(&space), space, work, directory, workers, layers, _folder: folder }
    }

    fn coordinator(&self, engine: Pretended) -> Coordinator<Pretended> {
        let known = Ledger::new(self.units.candidates(), self.units.repetitions());
        let (work, units) = (Arc::clone(&self.work), self.units.clone());
        let made = Coordinator::new(engine, self.directory.clone(), work, units, known, 3, Box::new(|_| None));
        let mut coordinator = made.expect("a coordinator");
        let soon = Duration::from_millis(200);
        coordinator.set_patience(Patience { queue: soon, ended: soon, completed: soon });
        coordinator
    }

    fn line(&self, candidate: usize) -> String {
        let rank = |layer: usize| 10.0 + ((candidate * 31 + layer * 17) % 1000) as f64 / 7.0;
        let effective_ranks: Vec<f64> = (0..self.layers).map(rank).collect();
        let signal = |layer: usize| LayerSignal {
            ln_size: rank(layer).ln(),
            ln_spread: -rank(layer + 1).ln(),
            ln_perturbation: rank(layer + 2).ln(),
            ln_typical_perturbation: -rank(layer + 3).ln(),
            ln_gradient: Some(rank(layer + 4).ln()),
            saturated: Some(rank(layer) / 1e4),
        };
        let propagation = Some(Propagation { layers: (0..self.layers).map(signal).collect(), blocks: None });
        let near = effective_ranks.iter().sum();
        let result = Ok(Score { near, effective_ranks, dead_from: None, propagation });
        write_line(&self.work, &Entry { work: 0, candidate, repetition: 0, result }, None).expect("a line")
    }

    /// Candidates of each worker, in the order in which it scores them.
    fn scored_by(&self, number: u32) -> Vec<usize> {
        self.units.range(Shard { number, of: self.workers }).map(|at| self.units.unit(at).0).collect()
    }

    fn append(&self, number: u32, text: &str) {
        let file = OpenOptions::new().create(true).append(true).open(self.directory.part(number));
        file.expect("a part").write_all(text.as_bytes()).expect("a line");
    }

    /// All parts with nothing but their header.
    fn begin(&self) {
        let header = Header::new(&self.work, None).line().expect("a header") + "\n";
        (1..=self.workers).for_each(|number| self.append(number, &header));
    }

    /// All workers write in turn, a result at a time; each leaves the queue when it is done. One in a hundred dies half way
    /// and writes the rest when it is submitted again.
    fn work(&self, engine: &Pretended) -> (usize, usize) {
        let mut todo: Vec<(u32, Vec<usize>)> = (1..=self.workers).map(|n| (n, self.scored_by(n))).collect();
        let (mut lines, mut bytes, mut turn) = (0, 0, 0);
        let mut dead: Vec<(u32, Vec<usize>)> = Vec::new();
        while !todo.is_empty() || !dead.is_empty() {
            let running: std::collections::HashSet<u32> =
                engine.running.lock().expect("a lock").iter().copied().collect();
            let (back, still): (Vec<_>, Vec<_>) = dead.into_iter().partition(|(n, _)| running.contains(n));
            (dead, todo) = (still, [todo, back].concat());
            let mut next = Vec::new();
            let mut ended = std::collections::HashSet::new();
            for (number, mut left) in todo {
                if turn == 1 && number % 100 == 0 {
                    dead.push((number, left));
                    ended.insert(number);
                    continue;
                }
                if let Some(candidate) = left.pop() {
                    let line = self.line(candidate) + "\n";
                    (lines, bytes) = (lines + 1, bytes + line.len());
                    self.append(number, &line);
                }
                if left.is_empty() {
                    ended.insert(number);
                } else {
                    next.push((number, left));
                }
            }
            engine.running.lock().expect("a lock").retain(|n| !ended.contains(n));
            todo = next;
            turn += 1;
            if todo.is_empty() {
                std::thread::sleep(Duration::from_millis(20));
            }
        }
        (lines, bytes)
    }
}

fn main() {
    let numbers: Vec<usize> = std::env::args().skip(1).filter_map(|arg| arg.parse().ok()).collect();
    let get = |at: usize, otherwise| numbers.get(at).copied().unwrap_or(otherwise);
    let (workers, results, layers) = (get(0, 10_000), get(1, 4), get(2, 150));
    let start = Instant::now();
    let bench = Bench::new(workers as u32, results, layers);
    println!(
        "{workers} workers, {} candidates, {layers} layers: made in {:.2?}",
        bench.units.candidates(),
        start.elapsed()
    );

    // While nothing happens: all run, none has a result.
    bench.begin();
    let engine = Pretended::default();
    let mut coordinator = bench.coordinator(engine.clone());
    coordinator.step(&mut |_| {}).expect("a step");
    let start = Instant::now();
    let steps = 5;
    for _ in 0..steps {
        std::thread::sleep(Duration::from_millis(200));
        while coordinator.step(&mut |_| {}).expect("a step") == Turn::More {}
    }
    let idle = (start.elapsed() - Duration::from_millis(200) * steps) / steps;
    println!("a look at the queue and at all parts while nothing happens: {idle:.2?}");

    // While all write as fast as they can.
    let mut study = Study::new(Arc::clone(&bench.space));
    let mut taken = 0;
    let start = Instant::now();
    let (lines, bytes, written, over) = std::thread::scope(|scope| {
        let writer = scope.spawn(|| {
            let (lines, bytes) = bench.work(&engine);
            (lines, bytes, start.elapsed())
        });
        let mut step = || {
            coordinator.step(&mut |progress| {
                taken += 1;
                study.record(progress.candidate, progress.repetition, progress.result);
            })
        };
        while step().expect("a step") != Turn::Over {}
        let over = start.elapsed();
        let (lines, bytes, written) = writer.join().expect("a writer");
        (lines, bytes, written, over)
    });
    assert_eq!((taken, coordinator.missing()), (bench.units.count(), 0));
    let megabytes = bytes as f64 / 1e6;
    println!(
        "live: {lines} results, {megabytes:.0} MB written in {written:.2?} ({:.0}/s); all taken in {:.2?} later; {} submissions",
        lines as f64 / written.as_secs_f64(),
        over.saturating_sub(written),
        engine.submissions.load(Ordering::Relaxed),
    );

    // All at once, as when a run that was left is joined.
    engine.running.lock().expect("a lock").clear();
    let mut coordinator = bench.coordinator(engine.clone());
    let mut study = Study::new(Arc::clone(&bench.space));
    let start = Instant::now();
    while coordinator
        .step(&mut |progress| study.record(progress.candidate, progress.repetition, progress.result))
        .expect("a step")
        != Turn::Over
    {}
    let took = start.elapsed();
    assert_eq!(coordinator.missing(), 0);
    println!(
        "joined: {lines} results in {took:.2?}: {:.0} results/s, {:.0} MB/s",
        lines as f64 / took.as_secs_f64(),
        megabytes / took.as_secs_f64(),
    );
    let start = Instant::now();
    std::hint::black_box(study.ranking());
    println!("ranking: {:.2?}", start.elapsed());
}
