//! The words that names and sentences are made of.

pub(super) const AREAS: &[&str] = &[
    "checkout", "ledger", "billing", "catalog", "search", "pricing", "shipping", "returns", "loyalty", "identity",
    "consent", "fraud", "lending", "payouts", "invoicing", "claims", "booking", "routing", "telemetry", "warehouse",
    "inventory", "supplier", "contracts", "payroll", "onboarding", "support", "messaging", "media", "playback", "ads",
    "insights", "forecast", "discovery", "profiles", "reviews", "fulfilment", "tax", "treasury", "trading", "risk",
    "mobile", "devices", "fleet", "energy", "grid", "maps", "weather", "access", "secrets", "builds", "releases",
    "docs", "quality", "experiments", "storage", "network", "compute", "partners", "market", "stores", "kiosk",
    "content", "studio", "events",
];
pub(super) const CRAFTS: &[&str] = &[
    "core", "edge", "platform", "engine", "flows", "tools", "data", "experience", "integrations", "automation",
    "operations", "reporting", "services", "foundation", "intake", "delivery",
];
pub(super) const ROLES: &[&str] = &[
    "gateway", "worker", "scheduler", "web", "admin", "console", "indexer", "importer", "exporter", "notifier",
    "reconciler", "proxy", "portal", "sync", "cli", "sdk", "client", "reports", "archiver", "enricher", "validator",
    "router", "warmer", "batch", "mailer", "auditor", "forecaster", "streamer", "projector", "monitor",
];
pub(super) const NOUNS: &[&str] = &["orders", "accounts", "quotes", "events", "documents", "sessions"];
/// Resources: what they are called, and their type.
pub(super) const STORES: &[(&str, &str)] = &[
    ("db", "database"), ("cache", "cache"), ("bucket", "s3-bucket"), ("queue", "queue"), ("topic", "kafka-topic"),
];
pub(super) const FIRST_NAMES: &[&str] = &[
    "ada", "amir", "anouk", "bela", "carla", "chidi", "dana", "deniz", "elif", "emil", "farah", "felix", "greta",
    "hana", "hugo", "ines", "ivan", "jana", "jonas", "kaya", "kofi", "lara", "levi", "lin", "mara", "mika", "nadia",
    "noor", "olga", "omar", "paula", "pavel", "quinn", "rafa", "rosa", "sami", "selma", "tariq", "thea", "uma", "vera",
    "viktor", "wanda", "xenia", "yara", "yusuf", "zoe",
];
pub(super) const LAST_NAMES: &[&str] = &[
    "abe", "almeida", "andersen", "bauer", "becker", "castro", "costa", "dubois", "eriksen", "farkas", "fischer",
    "garcia", "haddad", "hansen", "ito", "jansen", "kaplan", "keller", "kowalski", "laurent", "lopez", "martin",
    "meyer", "moreau", "nakamura", "novak", "okafor", "olsen", "patel", "pereira", "petrov", "quist", "ricci", "rossi",
    "sato", "schmidt", "silva", "singh", "tanaka", "torres", "ueda", "vargas", "virtanen", "weber", "wilson", "yilmaz",
    "zhang",
];
pub(super) const COMPONENT_TYPES: &[&str] = &[
    "service", "service", "service", "service", "service", "service", "library", "library", "website", "website",
    "documentation", "documentation", "job", "plugin", "dashboard", "other",
];
pub(super) const LIFECYCLES: &[&str] = &[
    "production", "production", "production", "production", "production", "experimental", "experimental",
    "experimental", "deprecated",
];
pub(super) const TAGS: &[&str] = &[
    "java", "java", "go", "go", "react", "typescript", "python", "javascript", "backend", "backend", "frontend",
    "website", "data", "kubernetes", "nodejs", "rest", "aws", "security", "serverless", "database", "gitops",
    "postgresql", "mqtt", "grpc", "kotlin", "internal", "public", "tier-1", "tier-2", "tier-3",
];
const WHO: &[&str] = &[
    "This component", "The service", "It", "Every instance", "The public side of it", "A nightly run",
    "The team on call", "Each consumer", "The older half of the code", "A background task",
];
const DOES: &[&str] = &[
    "collects", "answers requests for", "keeps a copy of", "publishes", "validates", "moves", "reports", "forwards",
    "stores", "removes", "compares", "retries", "prices", "merges", "signs",
];
const WHAT: &[&str] = &[
    "orders of the last ninety days", "messages from partners", "balances and their corrections",
    "files that customers upload", "events of the shop floor", "settings of each market",
    "documents that have to be signed", "records the auditors ask for", "prices before tax", "stock levels",
    "the sessions of signed-in users", "search results", "delivery windows", "alerts of the night shift",
];
const HOW: &[&str] = &[
    "within a second", "once an hour", "before they are archived", "for all regions", "and tells the owner",
    "unless the market is closed", "after a manual review", "in the order of their arrival", "without a lock",
    "until they expire", "as agreed with the legal team", "on every deployment",
];

use super::random::Random;

/// A sentence.
pub(super) fn sentence(random: &mut Random) -> String {
    let parts = [WHO, DOES, WHAT, HOW].map(|words| random.one(words));
    format!("{}.", parts.join(" "))
}

/// A name as a title.
pub(super) fn title(name: &str) -> String {
    let capital = |word: &str| {
        let mut chars = word.chars();
        let first = chars.next().into_iter().flat_map(char::to_uppercase);
        first.chain(chars).collect::<String>()
    };
    let words: Vec<String> = name.split(['-', '.']).map(capital).collect();
    words.join(" ")
}
