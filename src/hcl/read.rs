//! Reads HCL in the forms that [`super::write`] writes, and their neighbours: what somebody changed by hand may still be
//! one of them.
//!
//! In: the text of a file. Out: its blocks, one after the other. Any other form ends the reading: what the rest says is
//! not known.

use serde_json::{Map, Number, Value};

use super::{Attributes, Expression};

/// How deep expressions go.
const MAX_DEPTH: usize = 300;

/// A block.
#[derive(Debug, Default)]
pub(crate) struct Block {
    /// Its first word: `resource`.
    pub(crate) kind: String,
    pub(crate) labels: Vec<String>,
    pub(crate) attributes: Attributes,
    /// The names of attributes that a comment follows, and the comment.
    pub(crate) comments: Vec<(String, String)>,
}

/// Reads the blocks of a file.
pub(crate) struct Reader<'a> {
    rest: &'a str,
    depth: usize,
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(text: &'a str) -> Self {
        Self {
            rest: text,
            depth: 0,
        }
    }

    /// The next block; `None` at the end, and where something else stands.
    pub(crate) fn block(&mut self) -> Option<Block> {
        self.skip();
        let kind = self.word()?.to_owned();
        self.rest_of_block(kind)
    }

    fn rest_of_block(&mut self, kind: String) -> Option<Block> {
        let mut block = Block {
            kind,
            ..Block::default()
        };
        self.skip();
        while self.rest.starts_with('"') {
            block.labels.push(self.quoted()?);
            self.skip();
        }
        self.token("{")?;
        loop {
            self.skip();
            if self.token("}").is_some() {
                return Some(block);
            }
            let name = self.word()?.to_owned();
            self.skip();
            if self.token("=").is_none() {
                // What blocks inside of blocks say belongs to Terraform.
                self.deeper(|reader| reader.rest_of_block(name))?;
                continue;
            }
            let value = self.expression()?;
            let line = self.rest.trim_start_matches(' ');
            if let Some(comment) = line.strip_prefix("# ") {
                let comment = comment.lines().next().unwrap_or_default();
                block.comments.push((name.clone(), comment.to_owned()));
            }
            block.attributes.push((name, value));
        }
    }

    fn expression(&mut self) -> Option<Expression> {
        self.deeper(Self::any)
    }

    fn deeper<T>(&mut self, read: impl FnOnce(&mut Self) -> Option<T>) -> Option<T> {
        if self.depth == MAX_DEPTH {
            return None;
        }
        self.depth += 1;
        let read = read(self);
        self.depth -= 1;
        read
    }

    fn any(&mut self) -> Option<Expression> {
        self.skip();
        match self.rest.chars().next()? {
            '"' => self.quoted().map(Expression::text),
            '[' => self.list(),
            '{' => self.object(),
            '-' | '0'..='9' => self.number(),
            _ => self.named(),
        }
    }

    fn list(&mut self) -> Option<Expression> {
        self.token("[")?;
        let mut items = Vec::new();
        loop {
            self.skip();
            if self.token("]").is_some() {
                return Some(Expression::List(items));
            }
            items.push(self.expression()?);
            self.skip();
            if self.token(",").is_none() {
                self.token("]")?;
                return Some(Expression::List(items));
            }
        }
    }

    fn object(&mut self) -> Option<Expression> {
        self.token("{")?;
        self.skip();
        if let Some(inner) = self.rest.strip_prefix("for name, value in ") {
            self.rest = inner;
            let members = self.expression()?;
            // What is left out, and when, is not what the file says of an entity.
            let (condition, rest) = self.rest.split_once(", name) }")?;
            self.rest = rest;
            return (!condition.contains('\n')).then_some(members);
        }
        let mut members = Attributes::new();
        loop {
            self.skip();
            if self.token("}").is_some() {
                return Some(Expression::Object(members));
            }
            let key = if self.rest.starts_with('"') {
                self.quoted()?
            } else {
                self.word()?.to_owned()
            };
            self.skip();
            self.token("=").or_else(|| self.token(":"))?;
            members.push((key, self.expression()?));
            self.skip();
            let _ = self.token(",");
        }
    }

    fn number(&mut self) -> Option<Expression> {
        let is_part = |char: char| char.is_ascii_digit() || "+-.eE".contains(char);
        let end = self.rest.find(|char| !is_part(char));
        let (number, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        number.parse::<Number>().ok()?;
        Some(Expression::Number(number.to_owned()))
    }

    /// A word alone, a reference, or `jsonencode(…)`.
    fn named(&mut self) -> Option<Expression> {
        let start = self.rest;
        let word = self.word()?;
        match word {
            "true" => return Some(Expression::Literal(true.into())),
            "false" => return Some(Expression::Literal(false.into())),
            "null" => return Some(Expression::Literal(Value::Null)),
            "jsonencode" => {
                self.token("(")?;
                let value = value(self.expression()?)?;
                self.skip();
                self.token(")")?;
                return Some(Expression::Json(value));
            }
            _ => {}
        }
        while self.token(".").is_some() {
            self.word()?;
        }
        if let Some(rest) = self.rest.strip_prefix(" == 2 ? ") {
            self.rest = rest;
            let then = self.expression()?;
            self.token(" : null")?;
            return Some(then);
        }
        let length = start.len() - self.rest.len();
        Some(Expression::Reference(start[..length].to_owned()))
    }

    fn word(&mut self) -> Option<&'a str> {
        let is_part = |char: char| char.is_alphanumeric() || char == '_' || char == '-';
        let end = self.rest.find(|char| !is_part(char));
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        (!word.is_empty()).then_some(word)
    }

    fn quoted(&mut self) -> Option<String> {
        self.token("\"")?;
        let mut text = String::new();
        loop {
            let end = self.rest.find(['"', '\\', '$', '%', '\n'])?;
            text.push_str(&self.rest[..end]);
            self.rest = &self.rest[end..];
            let mut chars = self.rest.chars();
            match chars.next()? {
                '"' => {
                    self.rest = chars.as_str();
                    return Some(text);
                }
                '\\' => {
                    let escape = chars.next()?;
                    self.rest = chars.as_str();
                    text.push(match escape {
                        '"' | '\\' => escape,
                        'n' => '\n',
                        'r' => '\r',
                        't' => '\t',
                        'u' => self.code(4)?,
                        'U' => self.code(8)?,
                        _ => return None,
                    });
                }
                '\n' => return None,
                // `$` or `%`
                mark => {
                    let templates = [format!("{mark}{mark}{{"), format!("{mark}{{")];
                    if let Some(rest) = self.rest.strip_prefix(&templates[0]) {
                        text.push(mark);
                        text.push('{');
                        self.rest = rest;
                    } else if self.rest.starts_with(&templates[1]) {
                        return None;
                    } else {
                        text.push(mark);
                        self.rest = chars.as_str();
                    }
                }
            }
        }
    }

    fn code(&mut self, digits: usize) -> Option<char> {
        let (code, rest) = self.rest.split_at_checked(digits)?;
        self.rest = rest;
        char::from_u32(u32::from_str_radix(code, 16).ok()?)
    }

    fn token(&mut self, token: &str) -> Option<()> {
        self.rest = self.rest.strip_prefix(token)?;
        Some(())
    }

    /// Passes over white space and comments.
    fn skip(&mut self) {
        loop {
            self.rest = self.rest.trim_start();
            if !self.rest.starts_with('#') && !self.rest.starts_with("//") {
                return;
            }
            self.rest = self.rest.split_once('\n').map_or("", |(_, rest)| rest);
        }
    }
}

/// The value of an expression that holds nothing but literals.
pub(super) fn value(expression: Expression) -> Option<Value> {
    Some(match expression {
        Expression::Literal(value) => value,
        Expression::Number(number) => Value::Number(number.parse().ok()?),
        Expression::List(items) => items.into_iter().map(value).collect::<Option<_>>()?,
        Expression::Object(members) => members
            .into_iter()
            .map(|(key, member)| Some((key, value(member)?)))
            .collect::<Option<Map<_, _>>>()?
            .into(),
        Expression::Json(_)
        | Expression::Reference(_)
        | Expression::Partly { .. }
        | Expression::Noted(..)
        | Expression::If { .. } => return None,
    })
}

impl Expression {
    /// The value that a provider makes of it; `None` for what only a run of Terraform knows.
    pub(crate) fn value(self) -> Option<Value> {
        value(self)
    }
}
