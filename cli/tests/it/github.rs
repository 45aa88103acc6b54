//! A server that plays GitHub: as much of its REST interface as is documented of comments, issues,
//! statuses and the pull requests of a commit, for one repository.

use std::collections::BTreeMap;
use std::collections::VecDeque;
use std::io::BufRead as _;
use std::io::BufReader;
use std::io::Read as _;
use std::io::Write as _;
use std::net::TcpListener;
use std::net::TcpStream;
use std::process::Command;
use std::sync::Arc;
use std::sync::Barrier;
use std::sync::Mutex;
use std::sync::MutexGuard;

use serde_json::Value as Json;
use serde_json::json;

/// The one repository.
pub(crate) const REPOSITORY: &str = "commons/specs";

/// The token of a job of GitHub Actions.
pub(crate) const ACTIONS: &str = "ghs_canary-of-actions-4711";

/// The token of such a job for a pull request from a fork.
pub(crate) const FORK: &str = "ghs_canary-of-fork-4711";

/// The token of somebody.
pub(crate) const ALICE: &str = "ghp_canary-of-alice-4711";

/// Everything that is there.
#[derive(Default)]
pub(crate) struct World {
    /// Comments with `issue`, `id`, `author` and `body`.
    pub(crate) comments: Vec<Json>,
    /// Issues as they are answered, pull requests among them.
    pub(crate) issues: Vec<Json>,
    /// Statuses by commit, the latest last.
    pub(crate) statuses: BTreeMap<String, Vec<Json>>,
    /// Pull requests by the commit that they are asked for with.
    pub(crate) pulls: BTreeMap<String, Json>,
    /// What was asked for: method, path and authorization.
    pub(crate) seen: Vec<[String; 3]>,
    /// What goes wrong next.
    pub(crate) faults: VecDeque<Fault>,
    /// How many things there were.
    pub(crate) count: u64,
    /// Whether labels of new issues are left out.
    pub(crate) drops_labels: bool,
    /// Whether GraphQL is missing.
    pub(crate) lacks_graphql: bool,
    /// Holds the first lists of comments back until so many were asked for.
    gate: Option<(Arc<Barrier>, usize)>,
}

/// An answer that is given once in the place of the right one.
pub(crate) struct Fault {
    /// Of requests with this method,
    pub(crate) method: &'static str,
    /// whose path contains this.
    pub(crate) path: &'static str,
    /// Whether what was asked for is done all the same.
    pub(crate) done: bool,
    /// The status and more lines of the head.
    pub(crate) head: &'static str,
    /// The content.
    pub(crate) body: &'static str,
}

/// The server.
pub(crate) struct Github {
    pub(crate) address: String,
    world: Arc<Mutex<World>>,
}

struct Asked {
    method: String,
    path: String,
    query: String,
    authorization: String,
    body: Json,
}

struct Answered {
    head: String,
    body: String,
}

impl Github {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let world = Arc::new(Mutex::new(World { count: 100, ..World::default() }));
        let (shared, own) = (Arc::clone(&world), address.clone());
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (shared, own) = (Arc::clone(&shared), own.clone());
                std::thread::spawn(move || serve(&stream, &own, &shared));
            }
        });
        Self { address, world }
    }

    pub(crate) fn world(&self) -> MutexGuard<'_, World> {
        self.world.lock().unwrap()
    }

    /// Adds a comment of somebody, and says its id.
    pub(crate) fn has_comment(&self, author: &str, body: &str) -> u64 {
        self.world().comment(7, author, body)["id"].as_u64().unwrap()
    }

    pub(crate) fn fails(&self, fault: Fault) {
        self.world().faults.push_back(fault);
    }

    /// Lets nobody see the comments before so many have looked.
    pub(crate) fn holds_back(&self, count: usize) {
        self.world().gate = Some((Arc::new(Barrier::new(count)), count));
    }

    /// The authors and texts of all comments, the oldest first.
    pub(crate) fn comments(&self) -> Vec<(String, String)> {
        let text = |value: &Json| value.as_str().unwrap().to_owned();
        self.world()
            .comments
            .iter()
            .map(|comment| (text(&comment["author"]), text(&comment["body"])))
            .collect()
    }

    /// How many requests with this method there were, apart from questions who somebody is.
    pub(crate) fn count(&self, method: &str) -> usize {
        let world = self.world();
        let seen = world.seen.iter();
        seen.filter(|[asked, path, _]| asked == method && path != "/graphql").count()
    }

    /// The variables of a job of GitHub Actions with this token.
    pub(crate) fn job<'a>(&self, command: &'a mut Command, token: &str) -> &'a mut Command {
        command
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_API_URL", &self.address)
            .env("GITHUB_REPOSITORY", REPOSITORY)
            .env("GITHUB_TOKEN", token)
    }
}

fn serve(stream: &TcpStream, address: &str, world: &Mutex<World>) {
    let Some(asked) = read(stream) else { return };
    let gate = {
        let mut world = world.lock().unwrap();
        let list = asked.method == "GET" && asked.path.ends_with("/comments");
        let gate = world.gate.as_mut().filter(|(_, left)| list && *left > 0);
        gate.map(|(barrier, left)| {
            *left -= 1;
            Arc::clone(barrier)
        })
    };
    let answered = world.lock().unwrap().answer(&asked, address);
    if let Some(gate) = gate {
        gate.wait();
    }
    let Answered { head, body } = answered;
    let length = body.len();
    let text = format!(
        "HTTP/1.1 {head}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    );
    // Whoever went away in between does not read it.
    let mut stream = stream;
    let _ = stream.write_all(text.as_bytes());
}

fn read(stream: &TcpStream) -> Option<Asked> {
    let mut reader = BufReader::new(stream);
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (mut length, mut authorization) = (0, String::new());
    loop {
        let mut header = String::new();
        reader.read_line(&mut header).ok()?;
        let Some((name, value)) = header.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().ok()?,
            "authorization" => value.clone_into(&mut authorization),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    let body = serde_json::from_slice(&body).unwrap_or_default();
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let (path, query) = (path.to_owned(), query.to_owned());
    Some(Asked { method, path, query, authorization, body })
}

fn answered(status: &str, body: &Json) -> Answered {
    Answered { head: status.to_owned(), body: body.to_string() }
}

fn refused(status: &str, message: &str) -> Answered {
    answered(status, &json!({ "message": message, "documentation_url": "https://docs" }))
}

impl World {
    fn next(&mut self) -> u64 {
        self.count += 1;
        self.count
    }

    fn comment(&mut self, issue: u64, author: &str, body: &str) -> Json {
        let id = self.next();
        let comment = json!({ "issue": issue, "id": id, "author": author, "body": body });
        self.comments.push(comment.clone());
        comment
    }

    fn answer(&mut self, asked: &Asked, address: &str) -> Answered {
        let Asked { method, path, authorization, .. } = asked;
        self.seen.push([method.clone(), path.clone(), authorization.clone()]);
        let fits = |fault: &Fault| fault.method == method && path.contains(fault.path);
        let fault = self.faults.iter().position(fits).and_then(|index| self.faults.remove(index));
        match fault {
            Some(Fault { done, head, body, .. }) => {
                if done {
                    self.right_answer(asked, address);
                }
                Answered { head: head.to_owned(), body: body.to_owned() }
            }
            None => self.right_answer(asked, address),
        }
    }

    fn right_answer(&mut self, asked: &Asked, address: &str) -> Answered {
        let login = match asked.authorization.strip_prefix("Bearer ") {
            Some(ACTIONS | FORK) => "github-actions[bot]",
            Some(ALICE) => "alice",
            _ => return refused("401 Unauthorized", "Bad credentials"),
        };
        let method = asked.method.as_str();
        let is_fork = asked.authorization.ends_with(FORK);
        let parts: Vec<&str> = asked.path.trim_start_matches('/').split('/').collect();
        match (method, parts.as_slice()) {
            ("GET", ["user"]) if login == "alice" => answered("200 OK", &json!({ "login": login })),
            ("POST", ["graphql"]) if !self.lacks_graphql => {
                assert_eq!(asked.body["query"], "query { viewer { login } }");
                answered("200 OK", &json!({ "data": { "viewer": { "login": login } } }))
            }
            (_, ["repos", "commons", "specs", rest @ ..]) if method == "GET" || !is_fork => {
                match rest {
                    ["issues", "comments", id] => self.change_comment(asked, id, address),
                    ["issues", number, "comments"] => {
                        let number = number.parse().unwrap();
                        self.of_comments(asked, number, login, address)
                    }
                    ["issues", rest @ ..] => self.of_issues(asked, rest, login, address),
                    _ => self.of_commits(asked, rest, login, address),
                }
            }
            ("GET", ["user"]) | (_, ["repos", "commons", "specs", ..]) => {
                refused("403 Forbidden", "Resource not accessible by integration")
            }
            _ => refused("404 Not Found", "Not Found"),
        }
    }

    fn of_comments(&mut self, asked: &Asked, issue: u64, login: &str, address: &str) -> Answered {
        if asked.method == "GET" {
            let all = self.comments.iter().filter(|comment| comment["issue"] == issue);
            let all: Vec<Json> = all.map(|comment| shown(comment, address)).collect();
            return page(&all, asked, address);
        }
        let text = asked.body["body"].as_str().unwrap();
        if text.chars().count() > 65_536 {
            let why = json!([{ "message": "Body is too long (maximum is 65536 characters)" }]);
            let body = json!({ "message": "Validation Failed", "errors": why });
            return answered("422 Unprocessable Entity", &body);
        }
        let comment = self.comment(issue, login, text);
        answered("201 Created", &shown(&comment, address))
    }

    fn of_issues(&mut self, asked: &Asked, parts: &[&str], login: &str, address: &str) -> Answered {
        let body = &asked.body;
        match (asked.method.as_str(), parts) {
            ("GET", []) => {
                assert!(asked.query.contains("state=all"), "{}", asked.query);
                let label = asked.query.split('&').find_map(|part| part.strip_prefix("labels="));
                let label = label.unwrap().replace("%2D", "-").replace("%20", " ");
                let has = |issue: &&Json| {
                    issue["labels"].as_array().unwrap().iter().any(|one| one["name"] == label)
                };
                // The latest first, as GitHub lists them.
                let all: Vec<Json> = self.issues.iter().rev().filter(has).cloned().collect();
                page(&all, asked, address)
            }
            ("POST", []) => {
                let labels = body["labels"].as_array().unwrap().iter();
                let labels: Vec<Json> = labels.map(|name| json!({ "name": name })).collect();
                let labels = if self.drops_labels { Vec::new() } else { labels };
                let number = self.next();
                let issue = json!({
                    "number": number, "title": body["title"], "body": body["body"],
                    "state": "open", "labels": labels, "user": { "login": login },
                    "html_url": format!("{address}/commons/specs/issues/{number}"),
                });
                self.issues.push(issue.clone());
                answered("201 Created", &issue)
            }
            ("PATCH", [number]) => {
                let number: u64 = number.parse().unwrap();
                let mut issues = self.issues.iter_mut();
                let issue = issues.find(|issue| issue["number"] == number).unwrap();
                for (name, value) in body.as_object().unwrap() {
                    issue[name] = value.clone();
                }
                answered("200 OK", issue)
            }
            _ => refused("404 Not Found", "Not Found"),
        }
    }

    fn of_commits(
        &mut self,
        asked: &Asked,
        parts: &[&str],
        login: &str,
        address: &str,
    ) -> Answered {
        match (asked.method.as_str(), parts) {
            ("POST", ["statuses", commit]) => {
                let mut status = asked.body.clone();
                status["creator"] = json!({ "login": login });
                self.statuses.entry((*commit).to_owned()).or_default().push(status.clone());
                answered("201 Created", &status)
            }
            ("GET", ["commits", commit, "statuses"]) => {
                let all = self.statuses.get(*commit).into_iter().flatten().rev();
                page(&all.cloned().collect::<Vec<_>>(), asked, address)
            }
            ("GET", ["commits", commit, "pulls"]) => {
                let all: Vec<Json> = self.pulls.get(*commit).cloned().into_iter().collect();
                page(&all, asked, address)
            }
            _ => refused("404 Not Found", "Not Found"),
        }
    }

    fn change_comment(&mut self, asked: &Asked, id: &str, address: &str) -> Answered {
        let id: u64 = id.parse().unwrap();
        let Some(index) = self.comments.iter().position(|comment| comment["id"] == id) else {
            return refused("404 Not Found", "Not Found");
        };
        if asked.method == "DELETE" {
            self.comments.remove(index);
            return Answered { head: "204 No Content".to_owned(), body: String::new() };
        }
        self.comments[index]["body"] = asked.body["body"].clone();
        answered("200 OK", &shown(&self.comments[index], address))
    }
}

fn shown(comment: &Json, address: &str) -> Json {
    let (issue, id) = (&comment["issue"], &comment["id"]);
    json!({
        "id": id, "body": comment["body"], "user": { "login": comment["author"] },
        "html_url": format!("{address}/commons/specs/pull/{issue}#issuecomment-{id}"),
    })
}

/// A page of a list, with a link to the next one. It is shorter than one asks for, as it may be.
fn page(all: &[Json], asked: &Asked, address: &str) -> Answered {
    const MOST: usize = 3;
    let number = asked.query.split('&').find_map(|part| part.strip_prefix("page="));
    let number: usize = number.map_or(1, |text| text.parse().unwrap());
    let start = all.len().min((number - 1) * MOST);
    let items = &all[start..all.len().min(start + MOST)];
    let mut head = "200 OK".to_owned();
    if start + MOST < all.len() {
        let query: Vec<&str> =
            asked.query.split('&').filter(|part| !part.starts_with("page=")).collect();
        let link = format!("{address}{}?{}&page={}", asked.path, query.join("&"), number + 1);
        head = format!("{head}\r\nLink: <{address}/first>; rel=\"first\", <{link}>; rel=\"next\"");
    }
    Answered { head, body: json!(items).to_string() }
}
