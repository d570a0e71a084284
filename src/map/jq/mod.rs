//! Compiles and runs jq expressions: the only user of the jq crates.
//!
//! In: jq texts and JSON values. Out: the first output of an expression, or why there is none. Beside what jq has there is
//! `fromyaml`, which reads a text that holds one YAML document. Expressions see nothing but their input: no environment,
//! no other inputs, no clock, and they cannot end the process. That they end, and with how much memory, is up to
//! [`sandbox`](super::sandbox).

mod access;
mod arithmetic;
pub(super) mod direct;
mod functions;
mod number;
mod quotes;
mod regex;
mod value;

use std::cell::OnceCell;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, OnceLock};

use jaq_core::data::JustLut;
use jaq_core::load::lex::{Lexer, Token};
use jaq_core::load::parse::{Def, Parser, TError};
use jaq_core::load::{Arena, Error as LoadError, File, Loader};
use jaq_core::{Compiler, Ctx, Filter, Vars, unwrap_valr};
use serde_json::Value;

use direct::{Definitions, Direct};
pub use quotes::with_double_quotes;
use value::{Limits, Object, Val};

/// Replaces what would leave the sandbox and adds what jq 1.8 has and jaq has not.
const PRELUDE: &str = include_str!("prelude.jq");

/// The variable that says which of the expressions compiled together is meant.
const BRANCH: &str = "$__expression";

/// What filters run on.
type Data = JustLut<Val>;

/// The definitions that expressions may use: jq's own and those of a profile.
#[derive(Debug)]
pub struct Library<'s> {
    functions: &'s str,
    definitions: Definitions<'s>,
}

impl<'s> Library<'s> {
    /// The standard library and these definitions.
    ///
    /// # Errors
    ///
    /// What is wrong with the definitions and where.
    pub fn new(functions: &'s str) -> Result<Self, String> {
        let library = Self::unchecked(functions)?;
        // Names that nothing defines are only noticed here.
        library.filter(".").map(|_| library)
    }

    /// The same for definitions in which every name is known to be defined.
    ///
    /// # Errors
    ///
    /// The definitions are not even definitions.
    pub(super) fn unchecked(functions: &'s str) -> Result<Self, String> {
        Ok(Self {
            functions,
            definitions: Definitions::new(parse_definitions(functions)?),
        })
    }

    /// Makes one expression ready to run.
    ///
    /// # Errors
    ///
    /// What is wrong with the expression and where.
    pub fn compile(&self, text: &str) -> Result<Program, String> {
        let mut programs = self
            .compile_all(&[text.to_owned()])
            .map_err(|(_, message)| message)?;
        programs.pop().ok_or_else(String::new)
    }

    /// Makes expressions ready to run, in one go: compiling the standard library costs more than any expression. jq is not
    /// asked before an expression needs it, which none may ever do.
    ///
    /// # Errors
    ///
    /// The position of the first faulty expression; what is wrong with it and where.
    pub fn compile_all(&self, texts: &[String]) -> Result<Vec<Program>, (usize, String)> {
        let direct = self.direct(texts);
        let jq = Arc::new(Compiled {
            functions: self.functions.to_owned(),
            texts: texts.to_vec(),
            filter: OnceLock::new(),
        });
        // What needs no jq has no fault: all its names are defined.
        if direct.iter().any(Option::is_none) {
            let filter = self.checked(texts)?;
            // Nobody has asked for it yet.
            let _ = jq.filter.set(Ok(filter));
        }
        let program = |(branch, direct)| Program {
            jq: Arc::clone(&jq),
            branch,
            direct,
        };
        Ok(direct.into_iter().enumerate().map(program).collect())
    }

    /// The expressions that need no jq.
    pub(super) fn direct(&self, texts: &[String]) -> Vec<Option<Arc<Direct>>> {
        let direct = |text: &String| Direct::of(text, &self.definitions).map(Arc::new);
        texts.iter().map(direct).collect()
    }

    fn checked(&self, texts: &[String]) -> Result<Filter<Data>, (usize, String)> {
        for (position, text) in texts.iter().enumerate() {
            check_syntax(text).map_err(|message| (position, message))?;
        }
        self.filter(&branches(texts, 0)).map_err(|message| {
            // The message does not tell which expression is meant, so each one is tried alone.
            let mut alone = texts.iter().enumerate();
            let first =
                alone.find_map(|(position, text)| Some((position, self.filter(text).err()?)));
            first.unwrap_or((0, message))
        })
    }

    fn filter(&self, text: &str) -> Result<Filter<Data>, String> {
        let arena = Arena::default();
        let file = File {
            code: text,
            path: (),
        };
        let functions = self.definitions.functions.iter();
        let definitions: Vec<Def<&str>> = OWN.iter().chain(functions).cloned().collect();
        let modules = Loader::new(definitions)
            .load(&arena, file)
            .map_err(|errors| {
                first(
                    errors
                        .iter()
                        .map(|(file, error)| load_error(file.code, error)),
                )
            })?;
        Compiler::default()
            .with_funs(functions::all())
            .with_global_vars(["$ENV", BRANCH])
            .compile(modules)
            .map_err(|errors| {
                let undefined = errors.iter().flat_map(|(_, undefined)| undefined);
                first(
                    undefined.map(|(name, what)| {
                        format!("the {} `{name}` is not defined", what.as_str())
                    }),
                )
            })
    }
}

/// jq's own definitions: what every expression may use.
static OWN: LazyLock<Vec<Def<&'static str>>> = LazyLock::new(|| {
    // That the prelude is faulty is for the tests to tell.
    let prelude = parse_definitions(PRELUDE).unwrap_or_default();
    functions::definitions().chain(prelude).collect()
});

/// Expressions that jq compiles together, once one of them is needed.
struct Compiled {
    functions: String,
    texts: Vec<String>,
    filter: OnceLock<Result<Filter<Data>, String>>,
}

impl Compiled {
    fn filter(&self) -> Result<&Filter<Data>, String> {
        let filter = self.filter.get_or_init(|| {
            let library = Library::unchecked(&self.functions)?;
            library.filter(&branches(&self.texts, 0))
        });
        filter.as_ref().map_err(Clone::clone)
    }
}

/// One expression that runs the expression with the number in [`BRANCH`], found by halving.
fn branches(texts: &[String], offset: usize) -> String {
    match texts {
        [] => "null".to_owned(),
        // A comment may end the text, so the bracket has a line of its own.
        [text] => format!("(\n{text}\n)"),
        _ => {
            let (low, high) = texts.split_at(texts.len() / 2);
            let middle = offset + low.len();
            let (low, high) = (branches(low, offset), branches(high, middle));
            format!("if {BRANCH} < {middle} then {low} else {high} end")
        }
    }
}

/// Whether a text is one whole expression, so that it can stand in brackets.
fn check_syntax(text: &str) -> Result<(), String> {
    let tokens = lex(text)?;
    let parsed = Parser::new(&tokens).parse(Parser::term);
    parsed
        .map(|_| ())
        .map_err(|errors| parse_error(text, errors))
}

fn parse_definitions(text: &str) -> Result<Vec<Def<&str>>, String> {
    let tokens = lex(text)?;
    let parsed = Parser::new(&tokens).parse(Parser::defs);
    parsed.map_err(|errors| parse_error(text, errors))
}

fn lex(text: &str) -> Result<Vec<Token<&str>>, String> {
    let tokens = Lexer::new(text).lex();
    tokens.map_err(|errors| load_error(text, &LoadError::Lex(errors)))
}

fn parse_error<'s>(text: &'s str, errors: Vec<TError<'_, &'s str>>) -> String {
    let errors = errors.into_iter();
    let errors = errors.map(|(expected, found)| (expected, found.map_or("", |token| token.0)));
    load_error(text, &LoadError::Parse(errors.collect()))
}

fn load_error(code: &str, error: &LoadError<&str>) -> String {
    let (expected, found) = match error {
        LoadError::Io(failures) => {
            return first(
                failures
                    .iter()
                    .map(|(module, _)| format!("modules cannot be loaded here: `{module}`")),
            );
        }
        LoadError::Lex(errors) => match errors.first() {
            Some((expected, found)) => (expected.as_str(), *found),
            None => return String::new(),
        },
        LoadError::Parse(errors) => match errors.first() {
            Some((expected, found)) => (expected.as_str(), *found),
            None => return String::new(),
        },
    };
    let before = code.len().saturating_sub(found.len());
    let start = code.find(found).unwrap_or(before);
    let found: String = found.chars().take(20).collect();
    if found.is_empty() {
        format!("expected {expected} at its end")
    } else {
        let line = code[..start].matches('\n').count() + 1;
        format!("expected {expected} at `{found}` (line {line})")
    }
}

fn first(mut messages: impl Iterator<Item = String>) -> String {
    messages.next().unwrap_or_default()
}

/// An expression, ready to run any number of times on any thread.
#[derive(Clone)]
pub struct Program {
    jq: Arc<Compiled>,
    branch: usize,
    direct: Option<Arc<Direct>>,
}

impl fmt::Debug for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut program = f.debug_struct("Program");
        program
            .field("branch", &self.branch)
            .finish_non_exhaustive()
    }
}

impl Program {
    /// The first output for an input; `None` where there is no output.
    ///
    /// # Errors
    ///
    /// What jq says, or that the output is no JSON value.
    pub fn first(&self, input: &Input) -> Result<Option<Value>, String> {
        let direct = self.direct.as_ref();
        match direct.and_then(|direct| direct.first(&input.seen())) {
            Some(output) => output,
            None => self.first_by_jq(input),
        }
    }

    /// The same without jq; nothing where jq has to say.
    #[cfg(test)]
    pub(super) fn first_directly(&self, input: &Input) -> Option<Result<Option<Value>, String>> {
        self.direct.as_ref()?.first(&input.seen())
    }

    /// The same, with jq for everything.
    pub(super) fn first_by_jq(&self, input: &Input) -> Result<Option<Value>, String> {
        let filter = self.jq.filter()?;
        let environment = Val::object(Object::new());
        let context = Ctx::<Data>::new(
            &filter.lut,
            Vars::new([environment, Val::from(self.branch)]),
        );
        let output = filter.id.run((context, input.converted())).next();
        match output.map(unwrap_valr) {
            None => Ok(None),
            Some(Ok(value)) => value.json(&mut Limits::new()).map(Some),
            Some(Err(error)) => Err(shortened(&match error.into_val() {
                Val::Str(message) => message.to_string(),
                value => value.to_string(),
            })),
        }
    }
}

/// Messages quote the values they are about, which can be whole documents.
fn shortened(message: &str) -> String {
    const MAX: usize = 200;
    if message.chars().count() <= MAX {
        return message.to_owned();
    }
    let start: String = message.chars().take(MAX - 1).collect();
    format!("{start}…")
}

/// A value that expressions run on, converted to jq's own form once and only when one needs it.
#[derive(Debug)]
pub struct Input {
    id: u64,
    value: Value,
    converted: OnceCell<Val>,
}

impl Input {
    /// An input of this value.
    #[must_use]
    pub fn new(value: Value) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        Self {
            id: NEXT.fetch_add(1, Ordering::Relaxed),
            value,
            converted: OnceCell::new(),
        }
    }

    /// What tells it from every other input of the process.
    pub(super) fn id(&self) -> u64 {
        self.id
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The value, as direct evaluation sees it.
    pub(super) fn seen(&self) -> direct::Val<'_> {
        direct::Val::Json(&self.value)
    }

    fn converted(&self) -> Val {
        self.converted.get_or_init(|| Val::of(&self.value)).clone()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn run(text: &str, input: Value) -> Result<Option<Value>, String> {
        Library::new("")?.compile(text)?.first(&Input::new(input))
    }

    fn output(text: &str, input: Value) -> Result<Value, String> {
        run(text, input)?.ok_or_else(|| "no output".to_owned())
    }

    #[test]
    fn only_the_first_output_counts() -> Result<(), String> {
        assert_eq!(output(".[]", json!([1, 2]))?, json!(1));
        assert_eq!(run(".[]", json!([]))?, None);
        // Whatever follows is not even computed.
        assert_eq!(output("1, error(\"later\")", json!(null))?, json!(1));
        assert_eq!(output("repeat(1)", json!(null))?, json!(1));
        Ok(())
    }

    #[test]
    fn errors_are_results() {
        assert!(run("error(\"sour\")", json!(null)).is_err_and(|message| message.contains("sour")));
        assert!(run(".a.b", json!({"a": [1]})).is_err());
    }

    #[test]
    fn values_survive() -> Result<(), String> {
        let value = json!({"int": 1, "float": 1.5, "big": u64::MAX, "negative": -3, "text": "é", "none": null,
            "list": [true, {}], "large": 1e300});
        assert_eq!(output(".", value.clone())?, value);
        assert_eq!(
            output("{z: 1, a: 2} | keys_unsorted", json!(null))?,
            json!(["z", "a"])
        );
        assert_eq!(output("1.10, 2", json!(null))?, json!(1.1));
        assert_eq!(output("10 / 2", json!(null))?, json!(5));
        assert_eq!(output("nan", json!(null))?, json!(null));
        assert_eq!(output("infinite", json!(null))?, json!(f64::MAX));
        Ok(())
    }

    #[test]
    fn what_json_cannot_say_is_an_error() {
        assert!(run("{(null): 1}", json!(null)).is_err());
        assert!(run("reduce range(1000) as $i (0; [.])", json!(null)).is_err());
    }

    #[test]
    fn the_sandbox_holds() -> Result<(), String> {
        assert_eq!(output("env", json!(null))?, json!({}));
        assert_eq!(output("$ENV", json!(null))?, json!({}));
        assert_eq!(output("[inputs]", json!(null))?, json!([]));
        for refused in [
            "halt",
            "halt(1)",
            "halt_error",
            "halt_error(1)",
            "input",
            "now",
            "localtime",
            "strflocaltime(\"%Y\")",
        ] {
            assert!(run(refused, json!(0)).is_err(), "{refused}");
        }
        assert!(run("import \"m\" as m; .", json!(null)).is_err());
        assert!(run("include \"m\"; .", json!(null)).is_err());
        Ok(())
    }

    #[test]
    fn gaps_of_the_engine_are_filled() {
        for (text, input, expected) in [
            ("IN(1, 2)", json!(2), json!(true)),
            ("IN(.[]; 3)", json!([1]), json!(false)),
            ("INDEX(.a)", json!([{"a": 1}]), json!({"1": {"a": 1}})),
            ("@csv", json!(["a\"b", 1, null]), json!("\"a\"\"b\",1,")),
            ("@tsv", json!(["a\tb", true]), json!("a\\tb\ttrue")),
            (
                "[tostream]",
                json!({"a": [1]}),
                json!([[["a", 0], 1], [["a", 0]], [["a"]]]),
            ),
            ("trimstr(\"x\")", json!("xax"), json!("a")),
            ("fromyaml", json!("a: [1, no]\n"), json!({"a": [1, "no"]})),
            ("fromyaml.b", json!("{\"b\": 2.5}"), json!(2.5)),
        ] {
            assert_eq!(run(text, input), Ok(Some(expected)), "{text}");
        }
    }

    #[test]
    fn yaml_that_is_none_is_an_error() {
        for (input, part) in [
            (json!("a: [1"), "line 1"),
            (json!("a: 1\n---\nb: 2\n"), "more than one document"),
            (json!(""), "it is empty"),
            (json!(5), "takes a text"),
        ] {
            let fault = run("fromyaml", input).err().unwrap_or_default();
            assert!(fault.contains(part), "{fault}");
        }
    }

    #[test]
    fn faults_are_explained() -> Result<(), String> {
        let library = Library::new("def one: 1;")?;
        let fault = |text| library.compile(text).err().unwrap_or_default();
        assert_eq!(fault("one"), "");
        assert_eq!(fault("nonsense"), "the filter `nonsense` is not defined");
        assert_eq!(fault(".a +"), "expected term at its end");
        assert_eq!(fault("$x"), "the variable `$x` is not defined");
        assert!(fault(".a )").contains("`)`"), "{}", fault(".a )"));
        assert!(fault("\"a").contains("expected"), "{}", fault("\"a"));
        assert!(Library::new("def one: nonsense;").is_err());
        assert!(Library::new("def one 1;").is_err());
        Ok(())
    }

    #[test]
    fn expressions_compile_together() -> Result<(), String> {
        let library = Library::new("")?;
        let texts: Vec<String> = [
            ".a # comment",
            "def f: 2; f",
            "empty",
            ". as $x | $x.a + 3",
            "$ENV",
        ]
        .map(str::to_owned)
        .to_vec();
        let programs = library
            .compile_all(&texts)
            .map_err(|(_, message)| message)?;
        let input = Input::new(json!({"a": 1}));
        let outputs: Vec<_> = programs
            .iter()
            .map(|program| program.first(&input))
            .collect();
        let expected = [
            Some(json!(1)),
            Some(json!(2)),
            None,
            Some(json!(4)),
            Some(json!({})),
        ];
        assert_eq!(outputs, expected.map(Ok));
        let faults = |texts: [&str; 3]| library.compile_all(&texts.map(str::to_owned)).err();
        let undefined = Some((1, "the filter `b` is not defined".to_owned()));
        assert_eq!(faults([".a", "b", ".c"]), undefined);
        assert!(faults([".a", ".b", ".a) | (.b"]).is_some_and(|(position, _)| position == 2));
        Ok(())
    }
}
