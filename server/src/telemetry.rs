//! Logs: one line per event, for people or for a log store.

use tracing_subscriber::EnvFilter;

use crate::config::{ConfigRefused, LogSettings};

/// Starts to log to standard error. A second start in the same process changes nothing.
pub fn start(settings: &LogSettings) -> Result<(), ConfigRefused> {
    let filter = EnvFilter::try_new(&settings.level)
        .map_err(|error| ConfigRefused::new(format!("LOG_LEVEL is not accepted: {error}")))?;
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // It would tell of a line that cannot be written by printing another one, which panics in the task that logged:
        // a full disk for logs must not stop the server.
        .log_internal_errors(false);
    // An earlier subscriber stays: tests start many servers in one process.
    let _ = match settings.format.as_str() {
        "json" => builder.json().flatten_event(true).try_init(),
        _ => builder.try_init(),
    };
    Ok(())
}
