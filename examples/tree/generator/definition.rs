//! Definitions of APIs, of any length.

use super::random::Random;
use super::text::Text;
use super::words::{self, NOUNS, sentence};

/// The language of an API.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    OpenApi,
    AsyncApi,
    GraphQl,
    Grpc,
}

impl Language {
    /// One of them, as often as people write them.
    pub(super) fn any(random: &mut Random) -> Self {
        match random.below(10) {
            0 => Self::Grpc,
            1 => Self::GraphQl,
            2 => Self::AsyncApi,
            _ => Self::OpenApi,
        }
    }

    /// The type of the entity.
    pub(super) fn api_type(self) -> &'static str {
        match self {
            Self::OpenApi => "openapi",
            Self::AsyncApi => "asyncapi",
            Self::GraphQl => "graphql",
            Self::Grpc => "grpc",
        }
    }

    /// The name of a file that holds the definition.
    pub(super) fn file_name(self) -> &'static str {
        match self {
            Self::OpenApi => "openapi.yaml",
            Self::AsyncApi => "asyncapi.yaml",
            Self::GraphQl => "schema.graphql",
            Self::Grpc => "service.proto",
        }
    }

    /// A definition that is not much longer than so many bytes.
    pub(super) fn definition(self, title: &str, length: usize, random: &mut Random) -> String {
        let mut text = Text::default();
        self.head(title, &mut text);
        let mut part = 0;
        while part == 0 || text.as_str().len() < length {
            let noun = random.one(NOUNS);
            let item = format!("{}{part}", words::title(noun));
            self.part(&item, &format!("{noun}-{part}"), random, &mut text);
            part += 1;
        }
        if self == Self::Grpc {
            text.line(0, "}");
        }
        text.into_string()
    }

    fn head(self, title: &str, text: &mut Text) {
        match self {
            Self::OpenApi | Self::AsyncApi => {
                let (language, version, parts) = match self {
                    Self::OpenApi => ("openapi", "3.0.3", "paths"),
                    _ => ("asyncapi", "2.6.0", "channels"),
                };
                text.line(0, format_args!("{language}: {version}"));
                text.line(0, "info:");
                text.line(2, format_args!("title: {title}"));
                text.line(2, "version: 1.0.0");
                text.line(0, format_args!("{parts}:"));
            }
            Self::GraphQl => {
                text.line(0, format_args!("# {title}"));
                text.line(0, "type Query {");
                text.line(2, "version: String!");
                text.line(0, "}");
            }
            Self::Grpc => {
                text.line(0, "syntax = \"proto3\";");
                text.line(0, format_args!("// {title}"));
                text.line(0, "service Api {");
            }
        }
    }

    fn part(self, item: &str, path: &str, random: &mut Random, text: &mut Text) {
        match self {
            Self::OpenApi => {
                text.line(2, format_args!("/{path}/{{id}}:"));
                text.line(4, "get:");
                text.line(6, format_args!("operationId: get{item}"));
                text.line(6, format_args!("summary: {}", sentence(random)));
                text.line(6, "parameters:");
                text.line(
                    8,
                    "- {name: id, in: path, required: true, schema: {type: string}}",
                );
                text.line(6, "responses:");
                text.line(8, "'200':");
                text.line(10, format_args!("description: {}", sentence(random)));
                text.line(8, "'404':");
                text.line(10, "description: There is none.");
            }
            Self::AsyncApi => {
                text.line(2, format_args!("{path}:"));
                text.line(4, "subscribe:");
                text.line(6, format_args!("operationId: on{item}"));
                text.line(6, "message:");
                text.line(8, format_args!("summary: {}", sentence(random)));
                text.line(8, "payload: {type: object}");
            }
            Self::GraphQl => {
                text.line(0, format_args!("\"{}\"", sentence(random)));
                text.line(0, format_args!("type {item} {{"));
                text.line(2, "id: ID!");
                text.line(2, "name: String");
                text.line(0, "}");
            }
            Self::Grpc => {
                text.line(2, format_args!("// {}", sentence(random)));
                text.line(
                    2,
                    format_args!("rpc Get{item} (Get{item}Request) returns ({item});"),
                );
            }
        }
    }
}
