//! A file of prospects through the API: rows validated and stored per second.

use std::fmt::Write as _;
use std::time::Instant;

use crate::connection::{Connection, request};
use crate::fake_carrier::FakeCarrier;
use crate::fill::Contents;
use crate::installation::Installation;
use crate::load::{median, per_second};
use crate::process::Server;
use crate::report::{Goal, Row, Subject};
use crate::size::Size;

/// Measures.
pub async fn measure(size: Size, carrier: &FakeCarrier) -> anyhow::Result<Subject> {
    let file = file(size.imported);
    let (mut rates, mut peaks) = (Vec::new(), Vec::new());
    for _ in 0..size.rounds {
        let installation = Installation::on_sqlite(Contents::default()).await?;
        let server = Server::prospectai(&installation, carrier.address).await?;
        let target = format!("/api/campaigns/{}/imports?wait=true", installation.owner.campaign);
        let authorization = installation.authorization();
        let headers = [("Authorization", authorization.as_str()), ("Content-Type", "text/csv")];
        let request = request("POST", server.address, &target, &headers, file.as_bytes());
        let mut connection = Connection::open(server.address).await?;
        let began = Instant::now();
        let answer = connection.exchange(&request).await?;
        rates.push(per_second(size.imported, began.elapsed()));
        let said: serde_json::Value = serde_json::from_slice(&answer.body)?;
        anyhow::ensure!(said["added"] == size.imported, "the import went wrong: {} {said}", answer.status);
        peaks.push(server.memory()?.peak);
        server.stop().await?;
    }
    let mut subject = Subject::new("Import of a file, SQLite");
    let name = format!("{} rows, sent, validated and stored", size.imported);
    subject.rows.push(Row::new(name, median(rates), "rows/s").goal(Goal::AtLeast(50_000.0)));
    subject.rows.push(Row::new("the most memory meanwhile", median(peaks), "MB").goal(Goal::AtMost(150.0)));
    Ok(subject)
}

fn file(rows: usize) -> String {
    let mut text = String::from("firstName,lastName,email,phone,company,title,city\n");
    for row in 0..rows {
        // Writing to a string cannot fail.
        let _ = writeln!(
            text,
            "Person,Number {row},person{row}@example.com,(617) {}-{:04},Example Company,Buyer,Springfield",
            200 + row / 10_000,
            row % 10_000
        );
    }
    text
}
