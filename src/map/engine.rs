//! What runs the expressions of a profile: here where that is safe, else in processes of their own.
//!
//! In: the texts of expressions, and inputs. Out: the first output of each.

use std::sync::Arc;

use serde_json::Value;

use super::jq::direct::Direct;
use super::jq::{Input, Library, Program};
use super::mapping::Expressions;
use super::sandbox::{Evaluator, Failure, Workers};
use super::worker::{Fault, Programs};

/// What runs the expressions.
#[derive(Debug)]
pub(super) enum Engine {
    Here(Vec<Program>),
    /// Most expressions need no jq, and so no process.
    Elsewhere(Vec<Option<Arc<Direct>>>, Workers),
}

impl Engine {
    /// Makes expressions ready to run. `place` says in front of a fault which file they are from; functions that are
    /// known have been found right before.
    pub(super) fn new(
        functions: &str,
        place: &str,
        expressions: Expressions,
        evaluator: &Evaluator,
        is_known: bool,
    ) -> Result<Self, String> {
        let in_functions = |message: String| format!("`functions.jq`: {message}");
        let Expressions { texts, entries, .. } = expressions;
        let in_expression = |at: usize, text: &str, message: String| {
            format!("{place}{}: `{text}`: {message}", entries[at])
        };
        match evaluator {
            Evaluator::InProcess => {
                let library = if is_known {
                    Library::unchecked(functions)
                } else {
                    Library::new(functions)
                };
                let programs = library.map_err(in_functions)?.compile_all(&texts);
                programs
                    .map(Self::Here)
                    .map_err(|(at, message)| in_expression(at, &texts[at], message))
            }
            Evaluator::Workers { program, arguments } => {
                // Faults are for the process to tell.
                let direct = Library::unchecked(functions).map(|library| library.direct(&texts));
                let direct = direct.unwrap_or_default();
                let programs = Programs {
                    functions: functions.to_owned(),
                    expressions: texts.clone(),
                };
                let started = Workers::start(program, arguments, programs).map_err(|error| {
                    format!("a process for its expressions cannot be started: {error}")
                })?;
                match started {
                    Ok(workers) => Ok(Self::Elsewhere(direct, workers)),
                    Err(Fault::Functions(message)) => Err(in_functions(message)),
                    Err(Fault::Expression(at, message)) => {
                        Err(in_expression(at, &texts[at], message))
                    }
                }
            }
        }
    }

    /// How many expressions there are.
    pub(super) fn expressions(&self) -> usize {
        match self {
            Self::Here(programs) => programs.len(),
            Self::Elsewhere(direct, _) => direct.len(),
        }
    }

    /// The first output of the expression at a position.
    pub(super) fn first(&self, at: usize, input: &Input) -> Result<Option<Value>, Failure> {
        match self {
            Self::Here(programs) => programs[at].first(input).map_err(Failure::Failed),
            Self::Elsewhere(direct, workers) => {
                let direct = direct[at].as_ref();
                match direct.and_then(|direct| direct.first(&input.seen())) {
                    Some(output) => output.map_err(Failure::Failed),
                    None => workers.first(at, input),
                }
            }
        }
    }
}
