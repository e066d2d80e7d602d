//! What a proxy asks about, in each of the ways that proxies have.

use warp::http::header::HOST;
use warp::http::{HeaderMap, HeaderName};

use super::settings::{ForwardProxy, IdentityHeaders};
use crate::http::Settings;
use crate::http::call::Call;
use crate::http::kind::Kind;
use crate::http::problem::Problem;
use crate::model::{Address, AppRequest, Denial, Host, MethodWord, NotCanonical, Rule};

/// The request that the proxy holds back.
///
/// # Errors
/// `access_denied` where anything that tells of it is missing, twice there or not in its one form.
pub(super) fn question(settings: &Settings, call: &Call) -> Result<AppRequest, Problem> {
    let headers = &call.headers;
    let (method, address) = match settings.forward.proxy {
        ForwardProxy::Forwarded => {
            let is_https =
                Address::is_https(only(headers, "x-forwarded-proto")?).map_err(refuse)?;
            let host = Host::parse(only(headers, "x-forwarded-host")?).map_err(refuse)?;
            let address = Address::of_target((is_https, host), only(headers, "x-forwarded-uri")?);
            (only(headers, "x-forwarded-method")?, address)
        }
        ForwardProxy::Nginx => {
            let address = Address::parse(only(headers, "x-original-url")?);
            (only(headers, "x-original-method")?, address)
        }
        ForwardProxy::Envoy => (call.method.as_str(), behind_prefix(call)?),
    };
    let method = MethodWord::try_from(method).map_err(refuse)?;
    // Where the proxy does not tell, its own address would open what is for its network.
    Ok(AppRequest { method, address: address.map_err(refuse)?, from: call.told_ip })
}

/// Envoy's way: the path stands behind that of the route, and there is no word of the scheme.
fn behind_prefix(call: &Call) -> Result<Result<Address, NotCanonical>, Problem> {
    let host = Host::parse(only(&call.headers, HOST.as_str())?).map_err(refuse)?;
    let path = call.part("path").unwrap_or_default();
    let query = call.query.as_ref().map(|query| format!("?{query}")).unwrap_or_default();
    Ok(Address::of_target((true, host), &format!("/{path}{query}")))
}

/// The one line of a header.
fn only<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<&'a str, Problem> {
    let mut lines = headers.get_all(name).iter();
    let (line, second) = (lines.next(), lines.next());
    let text = line.filter(|_| second.is_none()).and_then(|line| line.to_str().ok());
    text.ok_or_else(|| {
        denied(Rule::ForwardQuestion, format_args!("{name} is not there exactly once"))
    })
}

fn refuse(why: NotCanonical) -> Problem {
    denied(Rule::ForwardQuestion, why)
}

fn denied(rule: Rule, detail: impl std::fmt::Display) -> Problem {
    Problem::new(Kind::AccessDenied, Denial::from(rule).with_detail(detail))
}

/// Refuses a request with a header that an app may take for one that tells who is there: some read
/// `X_Auth_User` as `X-Auth-User`, and proxies replace the latter only.
pub(super) fn refuse_aliases(headers: &HeaderMap, known: &IdentityHeaders) -> Result<(), Problem> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-';
    for name in headers.keys().map(HeaderName::as_str).filter(|name| !name.bytes().all(plain)) {
        let alike =
            |own: &str| own.len() == name.len() && own.bytes().zip(name.bytes()).all(is_alike);
        if known.all().into_iter().any(|own| alike(own.as_str())) {
            return Err(denied(Rule::ForwardAlias, name));
        }
    }
    Ok(())
}

/// The same letter, or two signs.
fn is_alike((one, other): (u8, u8)) -> bool {
    one == other || (!one.is_ascii_alphanumeric() && !other.is_ascii_alphanumeric())
}
