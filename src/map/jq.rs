//! Compiles and runs jq expressions: the only user of the jq crates.
//!
//! In: jq texts and JSON values. Out: the first output of an expression, or why there is none. Beside what jq has there is
//! `fromyaml`, which reads a text that holds one YAML document. Expressions see nothing
//! but their input: no environment, no other inputs, no clock, and they cannot end the process. What no sandbox stops:
//! an expression that never ends or recurses without bound. Mappings are the user's own, so that is theirs to mend.

use std::cell::OnceCell;
use std::fmt;
use std::sync::Arc;

use jaq_core::data::JustLut;
use jaq_core::load::lex::{Lexer, Token};
use jaq_core::load::parse::{Def, Parser, TError};
use jaq_core::load::{Arena, Error as LoadError, File, Loader};
use jaq_core::native::{self, Fun};
use jaq_core::{Compiler, Ctx, DataT, Error, Filter, ValR, Vars, unwrap_valr};
use jaq_json::{Num, Val};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::document;
use super::plain::Plain;

/// Replaces what would leave the sandbox and adds what jq 1.8 has and jaq has not.
const PRELUDE: &str = include_str!("prelude.jq");

/// The variable that says which of the expressions compiled together is meant.
const BRANCH: &str = "$__expression";

/// Arrays and objects in a result that are nested deeper than this are refused: writers recurse.
const MAX_DEPTH: usize = 256;

/// The definitions that expressions may use: jq's own and those of a profile.
#[derive(Debug)]
pub struct Library<'s> {
    definitions: Vec<Def<&'s str>>,
}

impl<'s> Library<'s> {
    /// The standard library and these definitions.
    ///
    /// # Errors
    ///
    /// What is wrong with the definitions and where.
    pub fn new(functions: &'s str) -> Result<Self, String> {
        let own: Vec<Def<&'static str>> = jaq_core::defs()
            .chain(jaq_std::defs())
            .chain(jaq_json::defs())
            .chain(parse_definitions(PRELUDE)?)
            .collect();
        let mut definitions: Vec<Def<&'s str>> = own;
        definitions.extend(parse_definitions(functions)?);
        let library = Self { definitions };
        // Names that nothing defines are only noticed here.
        library.compile(".").map(|_| library)
    }

    /// Makes one expression ready to run.
    ///
    /// # Errors
    ///
    /// What is wrong with the expression and where.
    pub fn compile(&self, text: &str) -> Result<Program, String> {
        check_syntax(text)?;
        let filter = Arc::new(self.filter(text)?);
        Ok(Program {
            filter,
            branch: 0,
            plain: Plain::of(text),
        })
    }

    /// Makes expressions ready to run, in one go: compiling the standard library costs more than any expression.
    ///
    /// # Errors
    ///
    /// The position of the first faulty expression; what is wrong with it and where.
    pub fn compile_all(&self, texts: &[String]) -> Result<Vec<Program>, (usize, String)> {
        for (position, text) in texts.iter().enumerate() {
            check_syntax(text).map_err(|message| (position, message))?;
        }
        let Ok(filter) = self.filter(&branches(texts, 0)) else {
            // The message would not tell which expression is meant, so each one is tried alone.
            let alone = |(position, text): (usize, &String)| {
                self.compile(text).map_err(|message| (position, message))
            };
            return texts.iter().enumerate().map(alone).collect();
        };
        let filter = Arc::new(filter);
        let program = |(branch, text): (usize, &String)| Program {
            filter: Arc::clone(&filter),
            branch,
            plain: Plain::of(text),
        };
        Ok(texts.iter().enumerate().map(program).collect())
    }

    fn filter(&self, text: &str) -> Result<Filter<JustLut<Val>>, String> {
        let arena = Arena::default();
        let file = File {
            code: text,
            path: (),
        };
        let modules = Loader::new(self.definitions.iter().cloned())
            .load(&arena, file)
            .map_err(|errors| {
                first(
                    errors
                        .iter()
                        .map(|(file, error)| load_error(file.code, error)),
                )
            })?;
        let functions = jaq_core::funs()
            .chain(jaq_std::funs())
            .chain(jaq_json::funs())
            .chain([from_yaml()]);
        Compiler::default()
            .with_funs(functions)
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

/// The function `fromyaml`: the value of a text that holds one YAML document.
fn from_yaml<D: for<'a> DataT<V<'a> = Val>>() -> Fun<D> {
    fn parsed(text: &Val) -> ValR<Val> {
        let (Val::BStr(bytes) | Val::TStr(bytes)) = text else {
            return Err(Error::str("`fromyaml` takes a text"));
        };
        let value = document::value(&String::from_utf8_lossy(bytes))
            .map_err(|fault| Error::str(format_args!("this is no YAML: {fault}")))?;
        // Every JSON value is a jq value, so there is nothing to fail.
        Ok(Val::deserialize(value).unwrap_or_default())
    }
    native::run(("fromyaml", native::v(0), |cv| native::bome(parsed(&cv.1))))
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
    filter: Arc<Filter<JustLut<Val>>>,
    branch: usize,
    plain: Option<Plain>,
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
        let plain = self.plain.as_ref();
        if let Some(value) = plain.and_then(|plain| plain.value(input.value())) {
            return Ok(Some(value));
        }
        self.first_by_jq(input)
    }

    /// The same, with jq for simple expressions too.
    pub(super) fn first_by_jq(&self, input: &Input) -> Result<Option<Value>, String> {
        let environment = Val::obj([].into_iter().collect());
        let context = Ctx::<JustLut<Val>>::new(
            &self.filter.lut,
            Vars::new([environment, Val::from(self.branch)]),
        );
        let output = self.filter.id.run((context, input.converted())).next();
        match output.map(unwrap_valr) {
            None => Ok(None),
            Some(Ok(value)) => json(&value, MAX_DEPTH).map(Some),
            Some(Err(error)) => Err(shortened(&error.to_string())),
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
    value: Value,
    converted: OnceCell<Val>,
}

impl Input {
    /// An input of this value.
    #[must_use]
    pub fn new(value: Value) -> Self {
        Self {
            value,
            converted: OnceCell::new(),
        }
    }

    /// The value.
    #[must_use]
    pub fn value(&self) -> &Value {
        &self.value
    }

    fn converted(&self) -> Val {
        // Every JSON value is a jq value, so there is nothing to fail.
        self.converted
            .get_or_init(|| Val::deserialize(&self.value).unwrap_or_default())
            .clone()
    }
}

fn json(value: &Val, depth: usize) -> Result<Value, String> {
    let deeper = || {
        depth
            .checked_sub(1)
            .ok_or_else(|| format!("the result is nested deeper than {MAX_DEPTH} levels"))
    };
    Ok(match value {
        Val::Null => Value::Null,
        Val::Bool(value) => Value::Bool(*value),
        Val::Num(number) => json_number(number),
        Val::BStr(bytes) | Val::TStr(bytes) => {
            Value::String(String::from_utf8_lossy(bytes).into_owned())
        }
        Val::Arr(items) => {
            let depth = deeper()?;
            let items = items.iter().map(|item| json(item, depth));
            Value::Array(items.collect::<Result<_, _>>()?)
        }
        Val::Obj(entries) => {
            let depth = deeper()?;
            let mut object = Map::with_capacity(entries.len());
            for (key, value) in entries.iter() {
                let (Val::BStr(key) | Val::TStr(key)) = key else {
                    return Err(format!("{key} is no object key: keys are strings"));
                };
                let key = String::from_utf8_lossy(key).into_owned();
                object.insert(key, json(value, depth)?);
            }
            Value::Object(object)
        }
    })
}

/// As jq writes numbers: what JSON cannot say becomes null (not a number) or the largest number.
fn json_number(number: &Num) -> Value {
    let float = match number {
        Num::Int(value) => return Value::from(*value),
        Num::Float(value) => *value,
        Num::BigInt(_) | Num::Dec(_) => {
            let text = number.to_string();
            if let Ok(value) = text.parse::<u64>() {
                return Value::from(value);
            }
            text.parse().unwrap_or(f64::NAN)
        }
    };
    if float.is_nan() {
        return Value::Null;
    }
    let float = float.clamp(f64::MIN, f64::MAX);
    // `10 / 2` is 5 for jq, and Port's readers tell 5 from 5.0.
    #[expect(
        clippy::cast_possible_truncation,
        reason = "only whole numbers that an i64 holds exactly get here"
    )]
    if float.fract() == 0.0 && float.abs() < 9_007_199_254_740_992.0 {
        return Value::from(float as i64);
    }
    Value::from(float)
}

/// The text that Port's Ocean compiles for what stands in a mapping: single quotes at the outer ends of a word become
/// double quotes, because YAML users write `'x'` for a jq string. Its pattern, with the matches left to right and none
/// overlapping: `(^|\s)'(?!\s|")|(?<!\s|")'(\s|$)`.
#[must_use]
pub fn with_double_quotes(text: &str) -> String {
    if !text.contains('\'') {
        return text.to_owned();
    }
    let is_edge = |c: char| c.is_whitespace() || c == '"';
    let mut result = String::with_capacity(text.len());
    let mut previous = None;
    let mut rest = text.chars().peekable();
    // Whether the character before was whitespace that no closing quote has taken.
    let mut can_open = true;
    while let Some(current) = rest.next() {
        if current != '\'' {
            result.push(current);
            can_open = current.is_whitespace();
            previous = Some(current);
            continue;
        }
        let next = rest.peek().copied();
        let opens = can_open && !next.is_some_and(is_edge);
        let closes = !previous.is_some_and(is_edge) && next.is_none_or(char::is_whitespace);
        result.push(if opens || closes { '"' } else { '\'' });
        can_open = false;
        previous = Some(current);
        if !opens
            && closes
            && let Some(taken) = rest.next()
        {
            result.push(taken);
            previous = Some(taken);
        }
    }
    result
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

    #[test]
    fn single_quotes_at_word_ends_are_double_quotes() {
        for (text, expected) in [
            ("'component'", "\"component\""),
            (".a // 'b c' ", ".a // \"b c\" "),
            ("\"it's\"", "\"it's\""),
            ("\"dogs' \"", "\"dogs\" \""),
            ("'a' 'b'", "\"a\" 'b\""),
            ("''", "\"\""),
            ("' '", "\" '"),
            ("'", "\""),
            ("(.a == 'b')", "(.a == \"b')"),
        ] {
            assert_eq!(with_double_quotes(text), expected, "{text}");
        }
    }
}
