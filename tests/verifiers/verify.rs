use jsonwebtoken::{DecodingKey, Validation, decode, decode_header, jwk::JwkSet};

#[derive(serde::Deserialize)]
pub struct Claims {
    pub sub: String,
    pub roles: Vec<String>,
}

pub fn verify(jwks: &JwkSet, issuer: &str, token: &str) -> Option<Claims> {
    let header = decode_header(token).ok().filter(|h| h.typ.as_deref() == Some("at+jwt"))?;
    let key = DecodingKey::from_jwk(jwks.find(header.kid.as_deref()?)?).ok()?;
    let mut rules = Validation::new(jsonwebtoken::Algorithm::ES256);
    rules.set_issuer(&[issuer]);
    rules.set_audience(&[issuer]);
    rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
    decode(token, &key, &rules).ok().map(|checked| checked.claims)
}
