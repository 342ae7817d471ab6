//! The quick run measures every subject, and so shows that each of them still can be measured.

use std::process::Command;

#[test]
fn a_quick_run_measures_every_subject() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("figures.json");
    let run = Command::new(env!("CARGO_BIN_EXE_bench")).arg("--quick").arg("--json").arg(&file).output();
    let run = run.expect("the benchmark starts");
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    let figures = std::fs::read_to_string(&file).expect("figures are written");
    let figures: serde_json::Value = serde_json::from_str(&figures).expect("figures are JSON");
    let subjects = figures["subjects"].as_array().expect("a list of subjects");
    assert_eq!(subjects.len(), 8);
    for subject in subjects {
        let rows = subject["rows"].as_array().expect("a list of rows");
        assert!(!rows.is_empty(), "{} has no figures", subject["name"]);
    }
}
