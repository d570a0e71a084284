//! The other side of [`sandbox`](super::sandbox): a process that runs jq programs for another one and ends when one of
//! them goes too far.
//!
//! In: one line with the programs, then lines with inputs and with the numbers of programs. Out: one line for the
//! programs, then one for each number. All of them are JSON.

use std::io::{self, BufRead, Write};
use std::panic;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::jq::{Input, Library};

/// How long one expression may run for one input.
pub(super) const MAX_TIME: Duration = Duration::from_secs(5);

/// How much memory the process may take beyond what it starts with, in bytes.
pub(super) const MAX_MEMORY: usize = 512 << 20;

/// How often the limits are looked at.
const INTERVAL: Duration = Duration::from_millis(10);

/// Expressions that recurse get more room than a thread usually has.
const STACK: usize = 64 << 20;

/// The first line: everything that there is to compile.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Programs {
    pub(super) functions: String,
    pub(super) expressions: Vec<String>,
}

/// The answer to the first line: nothing, or what cannot be compiled.
pub(super) type Ready = Option<Fault>;

/// What cannot be compiled, and why.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Fault {
    /// The functions are faulty.
    Functions(String),
    /// The expression at this position is faulty.
    Expression(usize, String),
}

/// Every other line.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Request {
    /// What expressions see from here on; nothing is answered.
    Input(Value),
    /// The position of an expression to run.
    Run(usize),
}

/// The answer to [`Request::Run`].
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Answer {
    Value(Option<Value>),
    /// jq fails.
    Failed(String),
    /// The process ends itself: the expression went too far.
    Ended(Limit),
}

/// A limit that an expression went over.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(super) enum Limit {
    Time,
    Memory,
}

/// Runs programs until there are no more requests. `end` is called, after the last line, when an expression goes over a
/// limit; it has to end the process, for nothing else ends the expression.
///
/// # Errors
///
/// Reading or writing fails, or what is read is no request: whoever started the process is gone.
pub fn serve(
    input: impl BufRead + Send + 'static,
    output: impl Write + Send + 'static,
    end: impl Fn() + Send + 'static,
) -> io::Result<()> {
    let served = thread::Builder::new()
        .stack_size(STACK)
        .spawn(move || answer_all(input, output, end))?;
    served
        .join()
        .unwrap_or_else(|payload| panic::resume_unwind(payload))
}

fn answer_all(
    mut input: impl BufRead,
    mut output: impl Write + Send + 'static,
    end: impl Fn() + Send + 'static,
) -> io::Result<()> {
    let mut line = String::new();
    input.read_line(&mut line)?;
    let programs: Programs = parsed(&line)?;
    let library = match Library::new(&programs.functions) {
        Ok(library) => library,
        Err(message) => return send(&mut output, &Some(Fault::Functions(message))),
    };
    let expressions = match library.compile_all(&programs.expressions) {
        Ok(expressions) => expressions,
        Err((at, message)) => return send(&mut output, &Some(Fault::Expression(at, message))),
    };
    send(&mut output, &Ready::None)?;
    let watched = Watched::start(output, end)?;
    let mut current = Input::new(Value::Null);
    loop {
        line.clear();
        if input.read_line(&mut line)? == 0 {
            return Ok(());
        }
        match parsed(&line)? {
            Request::Input(value) => current = Input::new(value),
            Request::Run(at) => {
                let program = expressions.get(at).ok_or(io::ErrorKind::InvalidInput)?;
                watched.lock().since = Some(Instant::now());
                let answer = match program.first_by_jq(&current) {
                    Ok(value) => Answer::Value(value),
                    Err(message) => Answer::Failed(message),
                };
                // From here on nothing ends the process, so that no answer is cut.
                let mut watched = watched.lock();
                watched.since = None;
                send(&mut watched.output, &answer)?;
            }
        }
    }
}

/// What a line says. Both ends hold values no deeper than descriptors and results may be, so depth is no danger.
pub(super) fn parsed<T: DeserializeOwned>(line: &str) -> io::Result<T> {
    let mut reader = serde_json::Deserializer::from_str(line);
    reader.disable_recursion_limit();
    Ok(T::deserialize(&mut reader)?)
}

fn send(output: &mut impl Write, answer: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    output.write_all(&line)?;
    output.flush()
}

/// The output, and since when an expression runs.
struct Watched<W> {
    output: W,
    since: Option<Instant>,
}

/// The watched state, shared with the thread that watches.
struct Shared<W>(Arc<Mutex<Watched<W>>>);

impl<W: Write + Send + 'static> Watched<W> {
    fn start(output: W, end: impl Fn() + Send + 'static) -> io::Result<Shared<W>> {
        let shared = Arc::new(Mutex::new(Self {
            output,
            since: None,
        }));
        let watched = Shared(Arc::clone(&shared));
        let before = memory();
        thread::Builder::new().spawn(move || {
            loop {
                thread::sleep(INTERVAL);
                let mut watched = watched.lock();
                let Some(since) = watched.since else {
                    continue;
                };
                let limit = if since.elapsed() > MAX_TIME {
                    Limit::Time
                } else if memory() > before + MAX_MEMORY {
                    Limit::Memory
                } else {
                    continue;
                };
                // If nobody listens any more, ending is all the more right.
                let _ = send(&mut watched.output, &Answer::Ended(limit));
                end();
            }
        })?;
        Ok(Shared(shared))
    }
}

impl<W> Shared<W> {
    fn lock(&self) -> MutexGuard<'_, Watched<W>> {
        // Neither thread leaves it half changed.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The memory the process takes, in bytes; 0 where the system does not tell.
fn memory() -> usize {
    memory_stats::memory_stats().map_or(0, |stats| stats.physical_mem)
}
