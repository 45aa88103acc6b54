//! Requests to a forge: with the token, to one address only, and again within bounds.
//!
//! The token goes nowhere else: redirects are not followed, the next page has to be at the same
//! address, and plain HTTP is for this machine alone. What may be asked for twice is asked for again
//! where the forge fails; a limit is waited for if it is short.

use std::str::FromStr;
use std::sync::Arc;
use std::thread::sleep;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::ExposeSecret;
use secrecy::SecretString;
use serde::de::DeserializeOwned;
use serde_json::Value as Json;
use ureq::Agent;
use ureq::http::HeaderMap;
use ureq::http::Method;
use ureq::http::Uri;
use ureq::tls::RootCerts;
use ureq::tls::TlsConfig;

use super::error::ForgeError;
use crate::render::text::visible;

/// How often something is tried.
const ATTEMPTS: u32 = 4;
/// The pause after the first failure; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// A limit that lasts longer is reported instead of waited for.
const LONGEST_PAUSE: Duration = Duration::from_mins(1);
/// A hundred comments of the greatest size, and room for what GitHub says of each.
const MOST_BYTES: u64 = 64 << 20;
/// More pages than that have no end.
const MOST_PAGES: usize = 1_000;
/// Of what a forge says, as many characters are shown.
const MOST_TOLD: usize = 300;

/// Where a forge's interface is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// With scheme and host, without a slash at the end.
    base: String,
    /// Scheme, host and port.
    origin: String,
    host: String,
    is_local: bool,
}

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let expected = "write an address as https://github.example.org/api/v3";
        let base = text.trim_end_matches('/');
        let uri: Uri = base.parse().map_err(|_| expected.to_owned())?;
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(expected.to_owned());
        };
        if authority.as_str().contains('@') || uri.query().is_some() {
            return Err(format!("neither a user nor a query belongs there; {expected}"));
        }
        let host = authority.host().to_owned();
        let is_local = ["localhost", "127.0.0.1", "[::1]"].contains(&host.as_str());
        match scheme {
            "https" => {}
            "http" if is_local => {}
            "http" => {
                return Err("the token would go over the network in the open; use https".into());
            }
            _ => return Err(expected.to_owned()),
        }
        let origin = format!("{scheme}://{authority}");
        Ok(Self { base: base.to_owned(), origin, host, is_local })
    }
}

impl Endpoint {
    /// The address of a path, which begins with a slash.
    pub fn at(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Where questions in GraphQL are asked: beside the last version, or below the root.
    pub fn graphql(&self) -> String {
        let root = self.base.strip_suffix("/v3").unwrap_or(&self.base);
        format!("{root}/graphql")
    }

    /// Whether an address is of the same server.
    fn has(&self, url: &str) -> bool {
        url.strip_prefix(&self.origin).is_some_and(|rest| rest.starts_with('/'))
    }
}

/// What is asked for.
#[derive(Debug, Clone)]
pub struct Request {
    /// What it is for, as `list the comments of …`.
    pub doing: String,
    /// The method.
    pub method: Method,
    /// The whole address.
    pub url: String,
    /// What is sent.
    pub body: Option<Json>,
    /// What the token needs for it.
    pub permission: &'static str,
}

impl Request {
    /// With this sent along.
    pub fn with(self, body: Json) -> Self {
        Self { body: Some(body), ..self }
    }
}

/// Sends requests.
#[derive(Debug)]
pub struct Client {
    agent: Agent,
    endpoint: Endpoint,
    token: SecretString,
}

/// What came back.
struct Answer {
    status: u16,
    headers: HeaderMap,
    text: String,
}

/// A page of a list.
struct Paged<T> {
    items: Vec<T>,
    next: Option<String>,
}

impl Client {
    /// A client for one forge.
    pub fn new(endpoint: Endpoint, token: SecretString) -> Self {
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::PlatformVerifier)
            // AWS's client brings another provider along, so none is the process's own.
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        let mut config = Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent(concat!("nfplan/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(Duration::from_secs(10)))
            .timeout_per_call(Some(Duration::from_mins(1)));
        if endpoint.is_local {
            // In plain HTTP, a proxy would see the token.
            config = config.proxy(None);
        }
        Self { agent: Agent::new_with_config(config.build()), endpoint, token }
    }

    /// Where it sends to.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Asks for one thing.
    pub fn ask<T: DeserializeOwned>(&self, request: &Request) -> Result<T, ForgeError> {
        let answer = self.send(request)?;
        self.read(request, &answer.text)
    }

    /// Asks for something that nothing is answered to.
    pub fn tell(&self, request: &Request) -> Result<(), ForgeError> {
        self.send(request).map(|_| ())
    }

    /// Asks for a list, page by page.
    pub fn list<T: DeserializeOwned>(&self, request: &Request) -> Result<Vec<T>, ForgeError> {
        let (mut all, mut request) = (Vec::new(), request.clone());
        for _ in 0..MOST_PAGES {
            let Paged { items, next } = self.page(&request)?;
            all.extend(items);
            match next {
                Some(next) => request.url = next,
                None => return Ok(all),
            }
        }
        Err(self.garbled(&request, format!("a list of more than {MOST_PAGES} pages")))
    }

    fn page<T: DeserializeOwned>(&self, request: &Request) -> Result<Paged<T>, ForgeError> {
        let answer = self.send(request)?;
        let items = self.read(request, &answer.text)?;
        let links = answer.headers.get_all("link").iter().filter_map(|link| link.to_str().ok());
        let next = links.flat_map(|links| links.split(',')).find_map(next_of);
        match next {
            Some(next) if !self.endpoint.has(next) => {
                Err(ForgeError::Moved { doing: request.doing.clone(), host: self.host() })
            }
            next => Ok(Paged { items, next: next.map(ToOwned::to_owned) }),
        }
    }

    fn read<T: DeserializeOwned>(&self, request: &Request, text: &str) -> Result<T, ForgeError> {
        serde_json::from_str(text).map_err(|error| self.garbled(request, error.to_string()))
    }

    fn garbled(&self, request: &Request, why: String) -> ForgeError {
        ForgeError::Garbled { doing: request.doing.clone(), host: self.host(), why }
    }

    /// Sends a request until it is answered for good.
    fn send(&self, request: &Request) -> Result<Answer, ForgeError> {
        let mut pause = FIRST_PAUSE;
        for attempt in 1.. {
            let outcome = self.once(request);
            let wait = match &outcome {
                Ok(answer) if answer.is_limit() => Some(answer.wait().unwrap_or(pause)),
                Ok(answer) if answer.status >= 500 && may_be_repeated(&request.method) => {
                    Some(answer.wait().unwrap_or(pause))
                }
                Err(_) if may_be_repeated(&request.method) => Some(pause),
                _ => None,
            };
            match wait.filter(|wait| attempt < ATTEMPTS && *wait <= LONGEST_PAUSE) {
                Some(wait) => sleep(wait),
                None => return self.judge(request, outcome),
            }
            pause *= 2;
        }
        unreachable!("the last attempt is judged")
    }

    fn once(&self, request: &Request) -> Result<Answer, ureq::Error> {
        let Request { method, url, body, .. } = request;
        let builder = ureq::http::Request::builder()
            .method(method)
            .uri(url)
            .header("accept", "application/vnd.github+json")
            .header("x-github-api-version", "2022-11-28")
            .header("authorization", format!("Bearer {}", self.token.expose_secret()));
        let mut response = match body {
            Some(body) => {
                let builder = builder.header("content-type", "application/json");
                self.agent.run(builder.body(body.to_string())?)?
            }
            None => self.agent.run(builder.body(())?)?,
        };
        let text = response.body_mut().with_config().limit(MOST_BYTES).read_to_string()?;
        let headers = response.headers().clone();
        Ok(Answer { status: response.status().as_u16(), headers, text })
    }

    /// The last word on a request.
    fn judge(
        &self,
        request: &Request,
        outcome: Result<Answer, ureq::Error>,
    ) -> Result<Answer, ForgeError> {
        let (doing, host, permission) = (request.doing.clone(), self.host(), request.permission);
        let answer = match outcome {
            Ok(answer) => answer,
            Err(error) => {
                let why = self.cleaned(&error.to_string());
                // What did not reach the forge was not done.
                let is_lost = !may_be_repeated(&request.method) && was_sent(&error);
                return Err(if is_lost {
                    ForgeError::Lost { doing, host, why }
                } else {
                    ForgeError::Unreachable { doing, host, why }
                });
            }
        };
        let told = self.told(&answer.text);
        Err(match answer.status {
            200..=299 => return Ok(answer),
            300..=399 => ForgeError::Moved { doing, host },
            401 => ForgeError::UnknownToken { doing, host },
            _ if answer.is_limit() => {
                let seconds = answer.wait().map(|wait| wait.as_secs());
                ForgeError::Limited { doing, host, seconds }
            }
            403 => ForgeError::Denied { doing, permission, told },
            404 | 410 => ForgeError::NotFound { doing, host, permission },
            422 => ForgeError::Invalid { doing, host, told },
            status @ 500.. if !may_be_repeated(&request.method) => {
                ForgeError::Lost { doing, host, why: format!("with {status}{told}") }
            }
            status => ForgeError::Failed { doing, host, status, told },
        })
    }

    fn host(&self) -> String {
        self.endpoint.host.clone()
    }

    /// What the forge says of itself, after a colon.
    fn told(&self, text: &str) -> String {
        let json: Json = serde_json::from_str(text).unwrap_or_default();
        let errors = json["errors"].as_array().into_iter().flatten();
        let details = errors.filter_map(|error| error["message"].as_str().or(error.as_str()));
        let all: Vec<&str> = json["message"].as_str().into_iter().chain(details).collect();
        if all.is_empty() { String::new() } else { format!(": {}", self.cleaned(&all.join("; "))) }
    }

    /// A text of others, fit to be shown.
    fn cleaned(&self, text: &str) -> String {
        let text = text.replace(self.token.expose_secret(), "***");
        visible(&text).chars().take(MOST_TOLD).collect()
    }
}

impl Answer {
    fn number(&self, name: &str) -> Option<u64> {
        self.headers.get(name)?.to_str().ok()?.trim().parse().ok()
    }

    /// Whether there were too many requests. GitHub says so with 403, too.
    fn is_limit(&self) -> bool {
        let exhausted = self.number("x-ratelimit-remaining") == Some(0);
        let told = self.headers.contains_key("retry-after") || self.text.contains("rate limit");
        self.status == 429 || (self.status == 403 && (exhausted || told))
    }

    /// How long to wait, if the forge says so.
    fn wait(&self) -> Option<Duration> {
        let reset = || {
            let exhausted = self.number("x-ratelimit-remaining") == Some(0);
            let reset = self.number("x-ratelimit-reset").filter(|_| exhausted)?;
            let now = u64::try_from(Timestamp::now().as_second()).unwrap_or_default();
            // The second has to be over.
            Some(reset.saturating_sub(now) + 1)
        };
        self.number("retry-after").or_else(reset).map(Duration::from_secs)
    }
}

/// Whether doing it twice is the same as doing it once.
fn may_be_repeated(method: &Method) -> bool {
    *method != Method::POST
}

/// Whether a request may have reached the forge although no answer came.
fn was_sent(error: &ureq::Error) -> bool {
    use ureq::Error as E;
    !matches!(
        error,
        E::HostNotFound
            | E::ConnectionFailed
            | E::ConnectProxyFailed(_)
            | E::InvalidProxyUrl
            | E::BadUri(_)
            | E::Http(_)
            | E::Tls(_)
            | E::Rustls(_)
            | E::Timeout(ureq::Timeout::Connect | ureq::Timeout::Resolve)
    ) && !matches!(error, E::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused)
}

/// The address of a link that leads to the next page.
fn next_of(link: &str) -> Option<&str> {
    let (address, parameters) = link.trim().split_once('>')?;
    let is_next = |parameter: &str| ["rel=\"next\"", "rel=next"].contains(&parameter.trim());
    let address = address.strip_prefix('<')?;
    parameters.split(';').any(is_next).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_on_https_or_on_this_machine() {
        let of = |text: &str| text.parse::<Endpoint>();
        for text in ["https://api.github.com", "https://git.example.org:8443/api/v3/"] {
            assert!(of(text).is_ok(), "{text}");
        }
        assert!(of("http://127.0.0.1:8080").unwrap().is_local);
        for text in [
            "",
            "api.github.com",
            "http://api.github.com",
            "http://127.0.0.1.example.org",
            "ftp://127.0.0.1",
            "https://me@git.example.org",
            "https://git.example.org/?x=1",
        ] {
            assert!(of(text).is_err(), "{text}");
        }
    }

    #[test]
    fn questions_in_graphql_go_beside_the_version() {
        let graphql = |text: &str| text.parse::<Endpoint>().unwrap().graphql();
        assert_eq!(graphql("https://api.github.com/"), "https://api.github.com/graphql");
        assert_eq!(graphql("https://g.example.org/api/v3"), "https://g.example.org/api/graphql");
    }

    #[test]
    fn only_the_same_server_is_asked_for_the_next_page() {
        let endpoint: Endpoint = "https://api.github.com".parse().unwrap();
        assert!(endpoint.has("https://api.github.com/repositories/1/issues?page=2"));
        for url in [
            "https://api.github.com.example.org/x",
            "https://api.github.com@example.org/x",
            "http://api.github.com/x",
            "https://example.org/https://api.github.com/",
        ] {
            assert!(!endpoint.has(url), "{url}");
        }
    }

    #[test]
    fn the_next_page_is_found_among_links() {
        let next = |links: &'static str| links.split(',').find_map(next_of);
        let links = "<https://g/x?page=1>; rel=\"prev\", <https://g/x?page=3>; rel=\"next\"";
        assert_eq!(next(links), Some("https://g/x?page=3"));
        assert_eq!(next("<https://g/x?page=1>; rel=\"first\""), None);
        assert_eq!(next(""), None);
    }
}
