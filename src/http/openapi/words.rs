//! The words of the outside that have a rule of their own, as schemas: `value_type` names one
//! where the Rust type of a member says less than there is to say.

use serde::Serialize;
use serde_json::Value;
use utoipa::openapi::schema::{ObjectBuilder, Schema, SchemaFormat, Type};
use utoipa::openapi::{KnownFormat, Ref, RefOr};
use utoipa::{PartialSchema, ToSchema};

use crate::http::kind::Kind;
use crate::http::problem::oauth::WORDS;
use crate::model::{self, Algorithm as A, ClockState as C, KeyState as K, Outcome as O};

/// Types without values: they stand for their schema only.
macro_rules! words {
    ($($name:ident: $schema:expr, $about:literal;)+) => {$(
        #[doc = $about]
        pub(in crate::http) enum $name {}

        impl PartialSchema for $name {
            fn schema() -> RefOr<Schema> {
                let schema: ObjectBuilder = $schema;
                schema.description(Some($about)).into()
            }
        }

        impl ToSchema for $name {}
    )+};
}

words! {
    Id: pattern("^[A-Za-z0-9_-]{1,64}$"),
        "An identifier: opaque, permanent, never used again.";
    Time: text().format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))),
        "RFC 3339 in UTC, with whole seconds.";
    Username: pattern("^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"),
        "The name to log in with, kept in lower case.";
    Email: text().max_length(Some(254)).format(Some(SchemaFormat::Custom("email".to_owned()))),
        "An e-mail address in its plain ASCII form.";
    DisplayName: text().min_length(Some(1)).max_length(Some(128)),
        "The name to be shown by, without control and invisible characters.";
    Role: pattern("^[a-z][a-z0-9_-]{0,31}$"),
        "A role that the server's configuration declares.";
    Password: text().max_length(Some(256)).format(Some(SchemaFormat::KnownFormat(KnownFormat::Password))),
        "A password. A new one must be long enough, not common and not the account's own name.";
    OneTimeToken: text().format(Some(SchemaFormat::KnownFormat(KnownFormat::Password))),
        "A secret that works once.";
    FormToken: text().format(Some(SchemaFormat::KnownFormat(KnownFormat::Password))),
        "Ties a form to the browser that it was shown to. Without it the form is refused.";
    AccessToken: pattern("^[A-Za-z0-9_-]+[.][A-Za-z0-9_-]+[.][A-Za-z0-9_-]+$"),
        "A JWT of the type at+jwt (RFC 9068), for the Authorization header.";
    TokenName: text().min_length(Some(1)).max_length(Some(64)),
        "What its owner calls a token, without control and invisible characters.";
    ApiTokenText: pattern("^[a-z_]{7,7}[0-9A-Za-z]{71,71}$"),
        "An API token: `dk_pat_`, 65 letters and digits, and six of their checksum.";
    AnyToken: text().format(Some(SchemaFormat::KnownFormat(KnownFormat::Password))),
        "A token as somebody sent it.";
    ClientId: pattern("^[a-z][a-z0-9_-]{0,63}$"),
        "The name of a service.";
    ClientSecret: pattern("^[a-z_]{7,7}[0-9A-Za-z]{49,49}$"),
        "The secret of a service: `dk_svc_`, 43 letters and digits, and six of their checksum.";
    OAuthWord: among(WORDS), "What went wrong, as OAuth calls it.";
    TokenType: among(["Bearer"]), "How the access token is sent (RFC 6750).";
    Health: among(["ok", "ready"]), "It runs; it answers.";
    BackupHealth: among(["ok", "failing"]), "How the backups by the schedule do.";
    Code: among(Kind::ALL.iter().map(|kind| kind.row().code)),
        "What went wrong, as a word that stays the same.";
    Rule: among(model::Rule::ALL.iter().map(|rule| rule.word())),
        "The exact rule that refused a request, as a word that stays the same.";
    EventKind: words_of(&model::EventKind::ALL), "What happened.";
    Outcome: words_of(&[O::Done, O::Refused]), "How it ended.";
    KeyState: words_of(&[K::Next, K::Signing, K::Retiring, K::Gone]),
        "Published, signing, served until its last token has expired, or gone.";
    ClockState: words_of(&[C::Set, C::Ahead, C::Behind, C::NeverSet]), "What the wall clock is good for.";
    Algorithm: words_of(&[A::Es256, A::EdDsa, A::Rs256]), "How the key signs.";
    Actor: actor(), "Who did it; 'id' is there for a user.";
    OpenApi: ObjectBuilder::new().schema_type(Type::Object), "This very document.";
    Jwk: jwk(), "A public key as RFC 7517 writes it.";
}

fn text() -> ObjectBuilder {
    ObjectBuilder::new().schema_type(Type::String)
}

fn pattern(rule: &str) -> ObjectBuilder {
    text().pattern(Some(rule))
}

fn among(words: impl IntoIterator<Item: Into<Value>>) -> ObjectBuilder {
    text().enum_values(Some(words))
}

/// The words under which these are sent.
fn words_of(all: &[impl Serialize]) -> ObjectBuilder {
    among(all.iter().map(|one| serde_json::to_value(one).expect("a word is plain data")))
}

fn actor() -> ObjectBuilder {
    ObjectBuilder::new()
        .schema_type(Type::Object)
        .property("kind", among(["anonymous", "user", "operator", "system"]))
        .property("id", Ref::from_schema_name("Id"))
        .required("kind")
}

fn jwk() -> ObjectBuilder {
    let members = ["kty", "crv", "x", "y", "n", "e", "use", "alg", "kid"];
    let object = ObjectBuilder::new().schema_type(Type::Object);
    let object = members.into_iter().fold(object, |object, name| object.property(name, text()));
    ["kty", "use", "alg", "kid"].into_iter().fold(object, ObjectBuilder::required)
}
