//! From starting the process to its first answer, on an existing database.

use crate::fake_carrier::FakeCarrier;
use crate::installation::Installation;
use crate::load::median;
use crate::process::Server;
use crate::report::{Goal, Row, Subject};
use crate::size::Size;

/// Measures: a few starts on each database, in turns.
pub async fn measure(
    size: Size,
    small: &Installation,
    big: &Installation,
    carrier: &FakeCarrier,
) -> anyhow::Result<Subject> {
    let mut took: [Vec<f64>; 2] = Default::default();
    for _ in 0..size.rounds.max(2) {
        for (installation, took) in [small, big].into_iter().zip(&mut took) {
            let server = Server::prospectai(installation, carrier.address).await?;
            took.push(server.first_answer.as_secs_f64() * 1_000.0);
            server.stop().await?;
        }
    }
    let [few, many] = took.map(median);
    let mut subject = Subject::new("Start to the first answer, SQLite");
    subject.rows.push(Row::new(format!("{} calls", size.calls[0]), few, "ms"));
    let row = Row::new(format!("{} calls", size.calls[1]), many, "ms");
    subject.rows.push(row.against(format!("{} calls", size.calls[0]), few).goal(Goal::AtMost(300.0)));
    subject.note("`/health` answers only when the database does. The files are in the system's cache, as after a deployment.");
    Ok(subject)
}
