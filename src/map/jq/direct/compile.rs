//! Reads an expression for direct evaluation.
//!
//! In: the text of an expression, and definitions. Out: a [`Term`] in which every call of a definition is replaced by what
//! it says, or nothing, where there is something that only jq does. Names mean what they mean to jq: what is defined last,
//! and the profile's own before jq's.

use std::cell::Cell;
use std::rc::Rc;

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{self, BinaryOp, Def, Parser};
use jaq_core::path;
use serde_json::Value;

use super::super::OWN;
use super::build::{array, number, part_of, pipe, with_parts};
use super::builtins::{self, Builtin};
use super::{Definitions, Direct, Fold, Part, Pattern, Term};

/// An expression that is larger once its definitions are written out is left to jq.
const MAX_TERMS: usize = 4_000;

/// Calls of definitions inside each other; whatever goes deeper calls itself.
const MAX_CALLS: usize = 40;

/// Terms inside each other: each takes some of the stack when it runs.
const MAX_DEPTH: usize = 160;

type Parsed<'s> = parse::Term<&'s str>;

impl<'s> Definitions<'s> {
    pub(in super::super) fn new(functions: Vec<Def<&'s str>>) -> Self {
        Self { functions }
    }
}

pub(super) fn expression(text: &str, definitions: &Definitions<'_>) -> Option<Direct> {
    let tokens = super::super::lex(text).ok()?;
    let parsed = Parser::new(&tokens).parse(Parser::term).ok()?;
    let mut compiler = Compiler {
        definitions,
        variables: 0,
        labels: 0,
        terms: 0,
        calls: 0,
        depth: 0,
    };
    let scope = Scope {
        names: None,
        functions: definitions.functions.len(),
        own: usize::MAX,
    };
    let term = compiler.term(&parsed, &scope)?;
    Some(Direct {
        term,
        variables: compiler.variables,
    })
}

/// What names mean at a place.
#[derive(Clone)]
struct Scope<'a> {
    names: Option<Rc<Names<'a>>>,
    /// How many definitions of the profile come before.
    functions: usize,
    /// How many definitions of jq come before.
    own: usize,
}

struct Names<'a> {
    name: Name<'a>,
    before: Option<Rc<Self>>,
}

enum Name<'a> {
    Variable(&'a str, usize),
    Label(&'a str, usize),
    /// An argument of a definition, and what names mean where it is given.
    Argument(&'a str, &'a Parsed<'a>, Scope<'a>, Used),
    Definition(&'a Def<&'a str>, Used),
}

/// Whether a name is used. What is not used is not looked at, and jq has to say whether it is right.
type Used = Rc<Cell<bool>>;

impl<'a> Scope<'a> {
    fn with(&self, name: Name<'a>) -> Self {
        let before = self.names.clone();
        Self {
            names: Some(Rc::new(Names { name, before })),
            ..*self
        }
    }

    /// The names from the nearest one on, each with the scope it is in.
    fn nearest(&self) -> impl Iterator<Item = (&Name<'a>, Option<&Rc<Names<'a>>>)> {
        let names = std::iter::successors(self.names.as_ref(), |names| names.before.as_ref());
        names.map(|names| (&names.name, Some(names)))
    }
}

struct Compiler<'a> {
    definitions: &'a Definitions<'a>,
    variables: usize,
    labels: usize,
    terms: usize,
    calls: usize,
    depth: usize,
}

impl<'a> Compiler<'a> {
    fn boxed(&mut self, term: &'a Parsed<'a>, scope: &Scope<'a>) -> Option<Box<Term>> {
        self.term(term, scope).map(Box::new)
    }

    fn term(&mut self, term: &'a Parsed<'a>, scope: &Scope<'a>) -> Option<Term> {
        self.terms += 1;
        self.depth += 1;
        if self.terms > MAX_TERMS || self.depth > MAX_DEPTH {
            return None;
        }
        let compiled = self.any_term(term, scope);
        self.depth -= 1;
        compiled
    }

    fn any_term(&mut self, term: &'a Parsed<'a>, scope: &Scope<'a>) -> Option<Term> {
        use parse::Term as P;
        Some(match term {
            P::Id => Term::Id,
            P::Recurse => Term::Recurse,
            P::Num(digits) => number(digits)?,
            P::Str(None, parts) => self.text(parts, scope)?,
            P::Arr(None) => Term::Constant(Value::Array(Vec::new())),
            P::Arr(Some(items)) => array(self.term(items, scope)?),
            P::Obj(members) => {
                let members = members.iter();
                let members = members.map(|(key, value)| self.member(key, value.as_ref(), scope));
                let members: Vec<_> = members.collect::<Option<_>>()?;
                if members.is_empty() {
                    Term::Constant(Value::Object(serde_json::Map::new()))
                } else {
                    Term::Object(members)
                }
            }
            P::Neg(term) => Term::Negative(self.boxed(term, scope)?),
            P::BinOp(left, operator, right) => self.binary(left, operator, right, scope)?,
            P::Label(name, body) => {
                self.labels += 1;
                let label = self.labels;
                let scope = scope.with(Name::Label(name, label));
                Term::Label(label, self.boxed(body, &scope)?)
            }
            P::Break(name) => scope.nearest().find_map(|(known, _)| match known {
                Name::Label(known, label) if known == name => Some(Term::Break(*label)),
                _ => None,
            })?,
            P::Fold(name, over, pattern, arguments) => {
                self.fold(name, over, pattern, arguments, scope)?
            }
            P::TryCatch(body, catch) => {
                let catch = match catch {
                    Some(catch) => Some(self.boxed(catch, scope)?),
                    None => None,
                };
                Term::Try(self.boxed(body, scope)?, catch)
            }
            P::IfThenElse(branches, otherwise) => {
                let mut compiled = match otherwise {
                    Some(otherwise) => self.term(otherwise, scope)?,
                    None => Term::Id,
                };
                for (condition, then) in branches.iter().rev() {
                    let condition = self.boxed(condition, scope)?;
                    compiled = Term::If(condition, self.boxed(then, scope)?, Box::new(compiled));
                }
                compiled
            }
            P::Def(definitions, body) => {
                let mut scope = scope.clone();
                let used: Vec<Used> = definitions.iter().map(|_| Used::default()).collect();
                for (definition, used) in definitions.iter().zip(&used) {
                    scope = scope.with(Name::Definition(definition, Rc::clone(used)));
                }
                let body = self.term(body, &scope)?;
                if !used.iter().all(|used| used.get()) {
                    return None;
                }
                body
            }
            P::Call(name, arguments) => self.call(name, arguments, scope)?,
            P::Var(name) => scope.nearest().find_map(|(known, _)| match known {
                Name::Variable(known, at) if known == name => Some(Term::Variable(*at)),
                _ => None,
            })?,
            P::Path(from, path) => {
                let from = self.term(from, scope)?;
                let parts = path.0.iter();
                let parts = parts.map(|(part, option)| {
                    Some((
                        self.part(part, scope)?,
                        matches!(option, path::Opt::Optional),
                    ))
                });
                with_parts(from, parts.collect::<Option<_>>()?)
            }
            P::Str(Some(_), _) => return None,
        })
    }

    fn part(&mut self, part: &'a path::Part<Parsed<'a>>, scope: &Scope<'a>) -> Option<Part> {
        Some(match part {
            path::Part::Index(index) => match self.term(index, scope)? {
                Term::Constant(Value::String(key)) => Part::Key(key),
                index => Part::At(index),
            },
            path::Part::Range(None, None) => Part::Each,
            path::Part::Range(from, upto) => {
                let mut bound = |bound: &'a Option<Parsed<'a>>| match bound {
                    Some(bound) => self.term(bound, scope).map(Some),
                    None => Some(None),
                };
                Part::Slice(bound(from)?, bound(upto)?)
            }
        })
    }

    fn text(
        &mut self,
        parts: &'a [StrPart<&'a str, Parsed<'a>>],
        scope: &Scope<'a>,
    ) -> Option<Term> {
        let mut terms = Vec::new();
        let mut constant = String::new();
        for part in parts {
            match part {
                StrPart::Str(text) => constant.push_str(text),
                StrPart::Char(char) => constant.push(*char),
                StrPart::Term(term) => {
                    if !constant.is_empty() {
                        terms.push(Term::Constant(Value::String(std::mem::take(&mut constant))));
                    }
                    terms.push(self.term(term, scope)?);
                }
            }
        }
        if terms.is_empty() {
            return Some(Term::Constant(Value::String(constant)));
        }
        if !constant.is_empty() {
            terms.push(Term::Constant(Value::String(constant)));
        }
        Some(Term::Text(terms))
    }

    fn member(
        &mut self,
        key: &'a Parsed<'a>,
        value: Option<&'a Parsed<'a>>,
        scope: &Scope<'a>,
    ) -> Option<(Term, Term)> {
        let compiled = self.term(key, scope)?;
        Some(match (key, value) {
            (_, Some(value)) => (compiled, self.term(value, scope)?),
            (parse::Term::Var(name), None) => {
                let name = name.strip_prefix('$')?.to_owned();
                (Term::Constant(Value::String(name)), compiled)
            }
            (_, None) => {
                let value = with_parts(Term::Id, vec![(part_of(compiled.clone()), false)]);
                (compiled, value)
            }
        })
    }

    fn binary(
        &mut self,
        left: &'a Parsed<'a>,
        operator: &'a BinaryOp<&'a str>,
        right: &'a Parsed<'a>,
        scope: &Scope<'a>,
    ) -> Option<Term> {
        if let BinaryOp::Pipe(Some(pattern)) = operator {
            let over = self.boxed(left, scope)?;
            let (pattern, scope) = self.pattern(pattern, scope)?;
            return Some(Term::Bind(over, pattern, self.boxed(right, &scope)?));
        }
        let (left, right) = (self.boxed(left, scope)?, self.boxed(right, scope)?);
        Some(match operator {
            BinaryOp::Pipe(_) => pipe(*left, *right),
            BinaryOp::Comma => Term::Comma(left, right),
            BinaryOp::Alt => Term::Alternative(left, right),
            BinaryOp::Or => Term::Logic(left, true, right),
            BinaryOp::And => Term::Logic(left, false, right),
            BinaryOp::Math(operation) => Term::Math(left, *operation, right),
            BinaryOp::Cmp(comparison) => Term::Compare(left, *comparison, right),
            BinaryOp::Assign => Term::Assign(left, right),
            BinaryOp::Update => Term::Update(left, right),
            BinaryOp::UpdateMath(operation) => Term::UpdateMath(left, *operation, right),
            BinaryOp::UpdateAlt => Term::UpdateAlternative(left, right),
        })
    }

    /// A pattern, and the scope of its variables. Its keys see none of them.
    fn pattern(
        &mut self,
        pattern: &'a parse::Pattern<&'a str>,
        scope: &Scope<'a>,
    ) -> Option<(Pattern, Scope<'a>)> {
        match pattern {
            parse::Pattern::Var(name) => {
                let at = self.variable();
                Some((Pattern::Variable(at), scope.with(Name::Variable(name, at))))
            }
            parse::Pattern::Arr(patterns) => {
                let mut inner = scope.clone();
                let mut parts = Vec::new();
                for (index, pattern) in patterns.iter().enumerate() {
                    let (pattern, after) = self.pattern(pattern, &inner)?;
                    inner = after;
                    parts.push((number(&index.to_string())?, pattern));
                }
                Some((Pattern::Parts(parts), inner))
            }
            parse::Pattern::Obj(members) => {
                let mut inner = scope.clone();
                let mut parts = Vec::new();
                for (key, pattern) in members {
                    let key = self.term(key, scope)?;
                    if !matches!(key, Term::Constant(Value::String(_))) {
                        return None;
                    }
                    let (pattern, after) = self.pattern(pattern, &inner)?;
                    inner = after;
                    parts.push((key, pattern));
                }
                Some((Pattern::Parts(parts), inner))
            }
        }
    }

    fn variable(&mut self) -> usize {
        self.variables += 1;
        self.variables - 1
    }

    fn fold(
        &mut self,
        name: &str,
        over: &'a Parsed<'a>,
        pattern: &'a parse::Pattern<&'a str>,
        arguments: &'a [Parsed<'a>],
        scope: &Scope<'a>,
    ) -> Option<Term> {
        let over = self.term(over, scope)?;
        let (pattern, inner) = self.pattern(pattern, scope)?;
        let (start, update, project) = match (name, arguments) {
            ("reduce" | "foreach", [start, update]) => (start, update, None),
            ("foreach", [start, update, project]) => (start, update, Some(project)),
            _ => return None,
        };
        let fold = Box::new(Fold {
            over,
            pattern,
            start: self.term(start, scope)?,
            update: self.term(update, &inner)?,
        });
        Some(match (name, project) {
            ("reduce", _) => Term::Reduce(fold),
            (_, Some(project)) => Term::Foreach(fold, self.boxed(project, &inner)?),
            (_, None) => Term::Foreach(fold, Box::new(Term::Id)),
        })
    }

    fn call(
        &mut self,
        name: &'a str,
        arguments: &'a [Parsed<'a>],
        scope: &Scope<'a>,
    ) -> Option<Term> {
        for (known, names) in scope.nearest() {
            match known {
                Name::Argument(known, body, outer, used)
                    if *known == name && arguments.is_empty() =>
                {
                    used.set(true);
                    return self.term(body, &outer.clone());
                }
                Name::Definition(definition, used) if is(definition, name, arguments) => {
                    used.set(true);
                    let at = Scope {
                        names: names.cloned(),
                        ..*scope
                    };
                    return self.inline(definition, arguments, scope, at);
                }
                _ => {}
            }
        }
        let definitions = self.definitions;
        let functions = &definitions.functions[..scope.functions];
        if let Some(at) = functions
            .iter()
            .rposition(|definition| is(definition, name, arguments))
        {
            let inside = Scope {
                names: None,
                functions: at + 1,
                own: usize::MAX,
            };
            return self.inline(&functions[at], arguments, scope, inside);
        }
        let builtin = builtins::builtin(name, arguments.len());
        if scope.own == usize::MAX
            && let Some(builtin) = builtin
        {
            return self.builtin(&builtin, arguments, scope);
        }
        let own: &'a [Def<&'a str>] = OWN.as_slice();
        let before = &own[..scope.own.min(own.len())];
        let last = |own: &[Def<&str>]| {
            own.iter()
                .rposition(|definition| is(definition, name, arguments))
        };
        match (last(before), builtin) {
            // What is defined anew further down is another function.
            (at, Some(builtin)) if at == last(own) => self.builtin(&builtin, arguments, scope),
            (Some(at), _) => {
                let inside = Scope {
                    names: None,
                    functions: 0,
                    own: at + 1,
                };
                self.inline(&own[at], arguments, scope, inside)
            }
            (None, _) => None,
        }
    }

    /// The body of a definition with its arguments.
    fn inline(
        &mut self,
        definition: &'a Def<&'a str>,
        arguments: &'a [Parsed<'a>],
        outer: &Scope<'a>,
        mut inside: Scope<'a>,
    ) -> Option<Term> {
        let mut bound = Vec::new();
        let mut closures = Vec::new();
        for (name, argument) in definition.args.iter().zip(arguments) {
            if name.starts_with('$') {
                let value = self.boxed(argument, outer)?;
                let at = self.variable();
                bound.push((value, at));
                inside = inside.with(Name::Variable(name, at));
            } else {
                let used = Used::default();
                closures.push(Rc::clone(&used));
                inside = inside.with(Name::Argument(name, argument, outer.clone(), used));
            }
        }
        self.calls += 1;
        if self.calls > MAX_CALLS {
            return None;
        }
        let mut body = self.term(&definition.body, &inside)?;
        self.calls -= 1;
        if !closures.iter().all(|used| used.get()) {
            return None;
        }
        for (value, at) in bound.into_iter().rev() {
            body = Term::Bind(value, Pattern::Variable(at), Box::new(body));
        }
        Some(body)
    }

    fn builtin(
        &mut self,
        builtin: &Builtin,
        arguments: &'a [Parsed<'a>],
        scope: &Scope<'a>,
    ) -> Option<Term> {
        let arguments = arguments.iter().map(|one| self.term(one, scope));
        let arguments: Vec<Term> = arguments.collect::<Option<_>>()?;
        Some(match builtin {
            Builtin::Function(function) => Term::Call(*function, arguments),
            Builtin::Term(build) => build(arguments)?,
        })
    }
}

fn is(definition: &Def<&str>, name: &str, arguments: &[Parsed<'_>]) -> bool {
    definition.name == name && definition.args.len() == arguments.len()
}
