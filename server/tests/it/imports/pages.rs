//! The same on pages, without a script: send a file, say what its columns are, look, import, undo.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use prospectai::actions::users::Role;
use prospectai::http::router::router;
use secrecy::ExposeSecret;
use tower::ServiceExt;

use super::http::state;
use super::world::{World, on_both};
use crate::support::workbook::Cell::{Number, Text};
use crate::support::workbook::workbook;

/// What stands in cells and names to do harm.
const HARMFUL: [&str; 6] = [
    "<script>alert(1)</script>",
    "\" onmouseover=\"alert(1)",
    "'><img src=x onerror=alert(1)>",
    "=HYPERLINK(\"http://example.com\")",
    "</td></table></form>",
    "&lt;b&gt;",
];

/// Somebody with a key of their own.
struct Person {
    router: Router,
    key: String,
}

struct Shown {
    status: u16,
    location: String,
    html: String,
}

impl Person {
    async fn of(world: &World, role: Role) -> Self {
        let made = world.actions.create_key(world.actor.clone(), Role::Owner, "test".into(), role).await;
        Self { router: router(state(world)), key: made.unwrap().0.expose_secret().to_owned() }
    }

    async fn get(&self, address: &str) -> Shown {
        self.ask("GET", address, "", Vec::new()).await
    }

    async fn post(&self, address: &str, inputs: &[(&str, &str)]) -> Shown {
        let form = form_urlencoded::Serializer::new(String::new()).extend_pairs(inputs).finish();
        self.ask("POST", address, "application/x-www-form-urlencoded", form.into_bytes()).await
    }

    async fn send(&self, world: &World, name: &str, content: &[u8]) -> Shown {
        self.send_to(&format!("/campaigns/{}/import", world.campaign), name, content).await
    }

    /// A file as a browser sends it.
    async fn send_to(&self, address: &str, name: &str, content: &[u8]) -> Shown {
        let mut body = format!(
            "--edge\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\
             Content-Type: application/octet-stream\r\n\r\n"
        )
        .into_bytes();
        body.extend_from_slice(content);
        body.extend_from_slice(b"\r\n--edge--\r\n");
        self.ask("POST", address, "multipart/form-data; boundary=edge", body).await
    }

    async fn ask(&self, method: &str, address: &str, kind: &str, body: Vec<u8>) -> Shown {
        let request = Request::builder().method(method).uri(address).header("content-type", kind);
        let request = request.header("authorization", format!("Bearer {}", self.key));
        let answer = self.router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
        let status = answer.status().as_u16();
        let location = answer.headers().get("location").map(|it| it.to_str().unwrap().to_owned());
        let body = to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        let html = String::from_utf8(body.to_vec()).unwrap();
        Shown { status, location: location.unwrap_or_default(), html }
    }
}

impl Shown {
    #[track_caller]
    fn shows(&self, status: u16, texts: &[&str]) -> &Self {
        assert_eq!(self.status, status, "{}", self.html);
        for text in texts {
            assert!(self.html.contains(text), "no {text:?} in {}", self.html);
        }
        self
    }

    #[track_caller]
    fn leads(&self) -> String {
        assert_eq!(self.status, 303, "{}", self.html);
        self.location.clone()
    }
}

/// Every input of the page as a browser would send it back, with some of them changed.
fn filled(html: &str, changes: &[(&str, &str)]) -> Vec<(String, String)> {
    let mut inputs = Vec::new();
    for select in html.split("<select ").skip(1) {
        let name = between(select, "name=\"", "\"");
        let options = between(select, ">", "</select>");
        let chosen =
            options.split("<option ").find(|option| option.contains(" selected")).unwrap_or_default();
        inputs.push((name.to_owned(), between(chosen, "value=\"", "\"").to_owned()));
    }
    for input in html.split("<input class=\"own-name\" ").skip(1) {
        let value = between(input, "value=\"", "\"");
        let value =
            value.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&amp;", "&");
        inputs.push((between(input, "name=\"", "\"").to_owned(), value));
    }
    for (name, value) in changes {
        inputs.retain(|(known, _)| known != name);
        inputs.push(((*name).to_owned(), (*value).to_owned()));
    }
    inputs
}

fn between<'a>(text: &'a str, before: &str, behind: &str) -> &'a str {
    let rest = text.split_once(before).map_or("", |(_, rest)| rest);
    rest.split_once(behind).map_or("", |(inside, _)| inside)
}

fn as_inputs(inputs: &[(String, String)]) -> Vec<(&str, &str)> {
    inputs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect()
}

#[tokio::test]
async fn the_messy_file_is_looked_at_imported_and_undone() {
    on_both(async |world: World| {
        let operator = Person::of(&world, Role::Operator).await;
        let ask = operator.get(&format!("/campaigns/{}/import", world.campaign)).await;
        ask.shows(200, &["enctype=\"multipart/form-data\"", "type=\"file\""]);
        let messy = include_bytes!("../../../../examples/messy.csv");
        let columns = operator.send(&world, "messy.csv", messy).await.leads();
        let look = operator.get(&columns).await;
        look.shows(200, &["messy.csv", "43 rows, 9 columns", "+1 617-555-0100", "Refused", "Import 43 rows"]);
        assert!(world.people().await.is_empty(), "nobody comes in before somebody says so");

        let without_segment = filled(&look.html, &[("field-7", "ignore"), ("do", "look")]);
        let look = operator.post(&columns, &as_inputs(&without_segment)).await;
        look.shows(200, &["Import 43 rows"]);
        assert!(!look.html.contains("<bdi>segment</bdi>: "), "{}", look.html);
        let confirmed = filled(&look.html, &[("do", "import")]);
        let import = operator.post(&columns, &as_inputs(&confirmed)).await.leads();
        let id = import.strip_prefix("/imports/").unwrap().parse().unwrap();
        let done = world.actions.import_finished(world.actor.workspace, id).await.unwrap().unwrap();
        assert_eq!((done.rows, done.merged), (43, 2));
        assert!(!world.prospect("+16175550101").await.metadata.contains("segment"));

        let rejects = format!("/api/imports/{id}/rejects");
        let page = operator.get(&import).await;
        page.shows(
            200,
            &["Done", "Why rows were refused", "Not a phone number that can be rung", &rejects, "Undo…"],
        );
        let analyst = Person::of(&world, Role::Analyst).await;
        assert!(!analyst.get(&import).await.shows(200, &["Done"]).html.contains("Undo…"));
        analyst.post(&format!("{import}/undo"), &[]).await.shows(403, &["No permission"]);

        let before = operator.get(&format!("{import}/undo")).await;
        before.shows(200, &[&format!("{} people are", done.added), "Undo the import"]);
        assert_eq!(operator.post(&format!("{import}/undo"), &[]).await.leads(), import);
        operator.get(&import).await.shows(200, &["Undone", &format!("{} people were", done.added)]);
        assert_eq!(operator.get(&format!("{import}/undo")).await.leads(), import);
        assert!(world.people().await.is_empty());
    })
    .await;
}

#[tokio::test]
async fn a_workbook_goes_the_same_way_and_columns_may_be_anything() {
    let world = World::on_sqlite().await;
    let operator = Person::of(&world, Role::Operator).await;
    let book = workbook(&[vec![Text("Wer"), Text("Nummer")], vec![Text("Ada"), Number("16175550100")]]);
    let columns = operator.send(&world, "people.csv", &book).await.leads();
    let look = operator.get(&columns).await;
    look.shows(422, &["No column is the phone number yet", "16175550100"]);
    assert!(!look.html.contains("value=\"import\""), "nothing to import yet");
    let twice = filled(&look.html, &[("field-0", "phone"), ("field-1", "phone")]);
    operator
        .post(&columns, &as_inputs(&twice))
        .await
        .shows(422, &["Two columns are mapped to the same field"]);
    let taken = filled(&look.html, &[("field-1", "phone"), ("name-0", "email"), ("do", "import")]);
    operator
        .post(&columns, &as_inputs(&taken))
        .await
        .shows(422, &["“email” has a place of its own", "name-0-wrong"]);
    let strange = filled(&look.html, &[("field-0", "nonsense"), ("field-1", "phone")]);
    operator.post(&columns, &as_inputs(&strange)).await.shows(422, &["choose one of the list"]);
    let right = filled(
        &look.html,
        &[("field-0", "custom"), ("name-0", "who"), ("field-1", "phone"), ("do", "import")],
    );
    let import = operator.post(&columns, &as_inputs(&right)).await.leads();
    let id = import.strip_prefix("/imports/").unwrap().parse().unwrap();
    world.actions.import_finished(world.actor.workspace, id).await.unwrap();
    assert_eq!(world.prospect("+16175550100").await.metadata, r#"{"who":"Ada"}"#);
    operator.get(&columns).await.shows(410, &["Send the file again"]);
    let earlier = operator.get(&format!("/campaigns/{}/import", world.campaign)).await;
    earlier.shows(200, &["Earlier imports", &import]);
}

#[tokio::test]
async fn a_file_is_only_there_for_whoever_sent_it() {
    let world = World::on_sqlite().await;
    let operator = Person::of(&world, Role::Operator).await;
    let columns = operator.send(&world, "a.csv", b"phone\n+16175550100\n").await.leads();
    let other = Person::of(&world, Role::Owner).await;
    other.get(&columns).await.shows(410, &["Send the file again"]);
    let import = [("field-0", "phone"), ("do", "import")];
    other.post(&columns, &import).await.shows(410, &["Send the file again"]);
    world.pretend_an_import_runs().await;
    operator.post(&columns, &import).await.shows(409, &["another import into this campaign is running"]);
    operator.get(&columns).await.shows(200, &["Import 1 row"]);
    assert!(world.people().await.is_empty());
    let analyst = Person::of(&world, Role::Analyst).await;
    analyst.send(&world, "a.csv", b"phone\n+16175550100\n").await.shows(403, &["No permission"]);
}

#[tokio::test]
async fn a_file_that_cannot_be_read_says_why_and_asks_again() {
    let world = World::on_sqlite().await;
    let operator = Person::of(&world, Role::Operator).await;
    let again = "type=\"file\"";
    for (name, content, why) in [
        ("", &b""[..], "Choose a file first."),
        ("a.csv", b"", "The file is empty"),
        ("a.csv", b"phone,name\n", "no rows below it"),
        ("a.csv", b"phone,phone\n1,2\n", "Two columns are named"),
        ("a.csv", b"phone,n\xeb\n1,2\n", "not text in UTF-8"),
        ("a.xlsx", b"PK\x03\x04", "cannot be read as one"),
        ("a.xls", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a workbook of an old kind"),
    ] {
        operator.send(&world, name, content).await.shows(422, &[why, again, "nobody was added"]);
    }
    let address = format!("/campaigns/{}/import", world.campaign);
    operator
        .ask("POST", &address, "text/csv", b"phone\n1\n".to_vec())
        .await
        .shows(415, &["That did not work"]);
}

#[tokio::test]
async fn numbers_never_to_be_rung_come_as_a_file_too() {
    let world = World::on_sqlite().await;
    let operator = Person::of(&world, Role::Operator).await;
    operator.get("/do-not-call").await.shows(200, &["/do-not-call/import"]);
    operator.get("/do-not-call/import").await.shows(200, &["type=\"file\""]);
    let file = "phone,why\n+16175550100,x\n617-555-0100,y\n<script>alert(1)</script>,z\n";
    let listed = operator.send_to("/do-not-call/import", "stop.csv", file.as_bytes()).await;
    harmless(listed.shows(200, &["Known already", "Refused rows", "&lt;script&gt;alert(1)"]));
    operator.get("/do-not-call").await.shows(200, &["+1 617-555-0100", "Imported from stop.csv"]);
    let refused = operator.send_to("/do-not-call/import", "a.csv", b"name,city\nAda,Bonn\n").await;
    refused.shows(422, &["no number was added", "found: name, city"]);
    let analyst = Person::of(&world, Role::Analyst).await;
    analyst.get("/do-not-call/import").await.shows(403, &["No permission"]);
    analyst.send_to("/do-not-call/import", "a.csv", b"+16175550101\n").await.shows(403, &["No permission"]);
}

#[tokio::test]
async fn nothing_of_a_file_leaves_its_place_on_the_page() {
    let world = World::on_sqlite().await;
    let operator = Person::of(&world, Role::Operator).await;
    let quoted = |cells: &mut dyn Iterator<Item = String>| {
        cells.map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect::<Vec<_>>().join(",")
    };
    let short = |text: &&str| text.chars().take(60).collect::<String>();
    let names = quoted(&mut std::iter::once("phone".to_owned()).chain(HARMFUL.iter().map(short)));
    let cells =
        |phone: &str| quoted(&mut std::iter::once(phone.to_owned()).chain(HARMFUL.map(str::to_owned)));
    let long = "x".repeat(1_000);
    let bidi = quoted(
        &mut ["+16175550101", "\u{202e}gpj.exe", &long, "c", "d", "e", "f"].map(str::to_owned).into_iter(),
    );
    let file =
        format!("{names}\n{}\n{}\n{bidi}\n{}\n", cells("+16175550100"), cells("no number"), cells(&long));
    let columns = operator.send(&world, "<b>x.csv", file.as_bytes()).await.leads();
    let look = operator.get(&columns).await;
    harmless(look.shows(200, &["&lt;b&gt;x.csv", "Refused"]));
    let confirmed = filled(&look.html, &[("do", "import")]);
    let import = operator.post(&columns, &as_inputs(&confirmed)).await.leads();
    let id = import.strip_prefix("/imports/").unwrap().parse().unwrap();
    let done = world.actions.import_finished(world.actor.workspace, id).await.unwrap().unwrap();
    assert_eq!((done.rows, done.added, done.rejected), (4, 1, 3));
    harmless(operator.get(&import).await.shows(200, &["Refused rows"]));
    let person = world.prospect("+16175550100").await;
    assert!(person.metadata.contains("<script>alert(1)</script>"), "{}", person.metadata);

    for (name, why) in [("\u{202e}gpj", "the name of column 2"), (long.as_str(), "the name of column 2")] {
        let file = format!("phone,{name}\n+16175550100,x\n");
        let refused = operator.send(&world, "a.csv", file.as_bytes()).await;
        refused.shows(422, &[&why.replacen("the", "The", 1)]);
    }
}

/// What was sent is text everywhere: none of it became a tag, an attribute or an end of either, and what turns the order of
/// reading around does so only in its own place.
#[track_caller]
fn harmless(page: &Shown) {
    for broken in ["<script>alert", "<img src=x", "<b>x", "\" onmouseover=\"", "</td></table></form>"] {
        assert!(!page.html.contains(broken), "{broken:?} in {}", page.html);
    }
    for (at, _) in page.html.match_indices('\u{202e}') {
        let before = &page.html[..at];
        assert!(before.rfind("<bdi") > before.rfind("</bdi>"), "{before}");
    }
}
