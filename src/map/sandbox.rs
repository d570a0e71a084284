//! Runs the jq programs of users where they can do no harm: in processes that end when an expression runs too long, takes
//! too much memory or recurses without bound.
//!
//! In: a program that calls [`worker::serve`](super::worker::serve), and expressions. Out: what an expression gives for
//! an input, or why it was ended. A process is started for each thread that asks, and again after one has ended.

use std::collections::HashMap;
use std::fmt;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::jq::Input;
use super::worker::{Answer, Fault, Limit, MAX_MEMORY, MAX_TIME, Programs, Ready, Request, parsed};

/// Where the jq programs of a user's profile run. Those of built-in profiles run in process: they are known to end.
#[derive(Debug, Clone)]
pub enum Evaluator {
    /// In this process. An expression that never ends hangs it, one that recurses without bound aborts it.
    InProcess,
    /// In processes of their own.
    Workers {
        /// A program that does nothing but call [`worker::serve`](super::worker::serve) with its standard input and
        /// output.
        program: PathBuf,
        /// Its arguments.
        arguments: Vec<String>,
    },
}

/// Why an expression gives no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// jq says so.
    Failed(String),
    /// It went over a limit and was ended.
    Ended(String),
    /// It was ended too often; there is no sense in going on.
    Stopped(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(message) | Self::Ended(message) | Self::Stopped(message) => {
                f.write_str(message)
            }
        }
    }
}

/// How often one expression is ended before the run stops: ten thousand entities must not cost the limit each.
const MAX_ENDED: usize = 3;

/// After this a process that does not answer is ended from outside. Longer than it takes to end itself.
const PATIENCE: Duration = Duration::from_secs(20);

/// How often that is looked at.
const INTERVAL: Duration = Duration::from_millis(500);

/// Processes that all run the same expressions.
#[derive(Debug)]
pub(super) struct Workers {
    program: PathBuf,
    arguments: Vec<String>,
    programs: Programs,
    idle: Mutex<Vec<Worker>>,
    /// How often each expression was ended.
    ended: Mutex<HashMap<usize, usize>>,
}

impl Workers {
    /// Starts the first process, which compiles the expressions; the inner result says whether they can be.
    ///
    /// # Errors
    ///
    /// The process cannot be started.
    pub(super) fn start(
        program: &Path,
        arguments: &[String],
        programs: Programs,
    ) -> io::Result<Result<Self, Fault>> {
        let workers = Self {
            program: program.to_owned(),
            arguments: arguments.to_owned(),
            programs,
            idle: Mutex::default(),
            ended: Mutex::default(),
        };
        match workers.spawn()? {
            Ok(first) => {
                locked(&workers.idle).push(first);
                Ok(Ok(workers))
            }
            Err(fault) => Ok(Err(fault)),
        }
    }

    /// The first output of the expression at a position.
    pub(super) fn first(&self, at: usize, input: &Input) -> Result<Option<Value>, Failure> {
        if locked(&self.ended).get(&at) >= Some(&MAX_ENDED) {
            return Err(Failure::Stopped("was ended too often".to_owned()));
        }
        let lost = |error: io::Error| {
            Failure::Stopped(format!("cannot be run in a process of its own: {error}"))
        };
        let mut worker = self.worker(input).map_err(lost)?;
        match worker.run(at, input) {
            Ok(Answer::Value(value)) => {
                locked(&self.idle).push(worker);
                Ok(value)
            }
            Ok(Answer::Failed(message)) => {
                locked(&self.idle).push(worker);
                Err(Failure::Failed(message))
            }
            Ok(Answer::Ended(Limit::Time)) => {
                let seconds = MAX_TIME.as_secs();
                Err(self.end(at, &format!("ran longer than {seconds} seconds")))
            }
            Ok(Answer::Ended(Limit::Memory)) => {
                let mebibytes = MAX_MEMORY >> 20;
                Err(self.end(at, &format!("took more than {mebibytes} MiB of memory")))
            }
            // The process is gone, and the expression was all it did.
            Err(_) => Err(self.end(at, "recursed too deep or took too much memory")),
        }
    }

    /// A process to ask: the one that has the input already, any other, or a new one.
    fn worker(&self, input: &Input) -> io::Result<Worker> {
        let mut idle = locked(&self.idle);
        let has_input = |worker: &Worker| worker.input == Some(input.id());
        if let Some(at) = idle.iter().position(has_input) {
            return Ok(idle.swap_remove(at));
        }
        if let Some(worker) = idle.pop() {
            return Ok(worker);
        }
        drop(idle);
        // The same expressions were compiled before.
        self.spawn()?.map_err(|_| io::ErrorKind::InvalidData.into())
    }

    fn spawn(&self) -> io::Result<Result<Worker, Fault>> {
        Worker::spawn(&self.program, &self.arguments, &self.programs)
    }

    fn end(&self, at: usize, why: &str) -> Failure {
        let mut ended = locked(&self.ended);
        let times = ended.entry(at).or_default();
        *times += 1;
        if *times < MAX_ENDED {
            Failure::Ended(format!("was ended: it {why}"))
        } else {
            Failure::Stopped(format!("was ended {times} times: it {why}"))
        }
    }
}

/// A process that runs expressions, one at a time.
#[derive(Debug)]
struct Worker {
    requests: ChildStdin,
    answers: BufReader<ChildStdout>,
    process: Arc<Process>,
    /// The input it has.
    input: Option<u64>,
}

impl Worker {
    fn spawn(
        program: &Path,
        arguments: &[String],
        programs: &Programs,
    ) -> io::Result<Result<Self, Fault>> {
        let mut child = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // What the system says of a process that overflows its stack is no news to the user.
            .stderr(Stdio::null())
            .spawn()?;
        let pipes = (child.stdin.take(), child.stdout.take());
        let process = Process::watched(child)?;
        let (Some(requests), Some(answers)) = pipes else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        let mut worker = Self {
            requests,
            answers: BufReader::new(answers),
            process,
            input: None,
        };
        let process = Arc::clone(&worker.process);
        let _asked = process.asked();
        worker.send(programs)?;
        Ok(match worker.receive::<Ready>()? {
            None => Ok(worker),
            Some(fault) => Err(fault),
        })
    }

    fn run(&mut self, at: usize, input: &Input) -> io::Result<Answer> {
        let process = Arc::clone(&self.process);
        let _asked = process.asked();
        if self.input != Some(input.id()) {
            self.input = Some(input.id());
            self.send(&Request::Input(input.value().clone()))?;
        }
        self.send(&Request::Run(at))?;
        self.receive()
    }

    fn send(&mut self, request: &impl Serialize) -> io::Result<()> {
        let mut line = serde_json::to_vec(request)?;
        line.push(b'\n');
        self.requests.write_all(&line)
    }

    fn receive<T: DeserializeOwned>(&mut self) -> io::Result<T> {
        let mut line = String::new();
        self.answers.read_line(&mut line)?;
        parsed(&line)
    }
}

/// The process of a worker, which is ended when the worker goes, or when it does not answer.
#[derive(Debug)]
struct Process {
    child: Mutex<Child>,
    asked: Mutex<Option<Instant>>,
}

impl Process {
    fn watched(child: Child) -> io::Result<Arc<Self>> {
        let process = Arc::new(Self {
            child: Mutex::new(child),
            asked: Mutex::default(),
        });
        let watched = Arc::downgrade(&process);
        thread::Builder::new().spawn(move || {
            while let Some(process) = watched.upgrade() {
                let asked = *locked(&process.asked);
                if asked.is_some_and(|since| since.elapsed() > PATIENCE) {
                    // Whoever waits for the answer sees its end.
                    let _ = locked(&process.child).kill();
                    return;
                }
                drop(process);
                thread::sleep(INTERVAL);
            }
        })?;
        Ok(process)
    }

    /// Marks the process as asked for as long as the result lives.
    fn asked(self: &Arc<Self>) -> Asked {
        *locked(&self.asked) = Some(Instant::now());
        Asked(Arc::clone(self))
    }
}

struct Asked(Arc<Process>);

impl Drop for Asked {
    fn drop(&mut self) {
        *locked(&self.0.asked) = None;
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let mut child = locked(&self.child);
        // It may have ended by itself, and nothing is left to do when it cannot be ended.
        let _ = child.kill();
        let _ = child.wait();
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Every change is made in one step, so nothing is left half changed.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
