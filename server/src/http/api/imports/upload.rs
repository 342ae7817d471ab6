//! A file on its way to the disk: streamed, counted, never whole in memory.

use std::error::Error;
use std::fs::File;
use std::io;

use axum::extract::Request;
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use tokio::io::AsyncWriteExt;

use crate::http::Problem;
use crate::http::middleware::BodyTooSlow;

/// An Excel workbook, as programs name it.
pub const WORKBOOK: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// Writes the body to a file without a name, which is gone as soon as nobody holds it: 413 above `limit` bytes.
pub async fn to_disk(request: Request, limit: u64) -> Result<File, Problem> {
    must_be_table(request.headers())?;
    must_announce_at_most(request.headers(), limit)?;
    keep(request.into_body().into_data_stream(), limit).await
}

/// 413 when the request says by itself that it is larger.
pub fn must_announce_at_most(headers: &HeaderMap, limit: u64) -> Result<(), Problem> {
    let announced = headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok());
    match announced.and_then(|length| length.parse::<u64>().ok()) {
        Some(length) if length > limit => Err(too_large(limit)),
        _ => Ok(()),
    }
}

/// Writes what arrives to a file without a name.
pub async fn keep<E: Error + 'static>(
    mut body: impl Stream<Item = Result<Bytes, E>> + Unpin,
    limit: u64,
) -> Result<File, Problem> {
    let made = tokio::task::spawn_blocking(tempfile::tempfile).await.map_err(io::Error::other);
    let mut file = tokio::fs::File::from_std(made.and_then(|made| made).map_err(|error| unreadable(&error))?);
    let mut received = 0;
    while let Some(bytes) = body.next().await {
        let bytes = bytes.map_err(|error| broken(&error))?;
        received += bytes.len() as u64;
        if received > limit {
            return Err(too_large(limit));
        }
        file.write_all(&bytes).await.map_err(|error| unreadable(&error))?;
    }
    file.flush().await.map_err(|error| unreadable(&error))?;
    Ok(file.into_std().await)
}

/// The file did not arrive, or not in time.
pub fn broken(error: &(dyn Error + 'static)) -> Problem {
    if BodyTooSlow::caused(error) { Problem::body_too_slow() } else { Problem::incomplete_body() }
}

/// 503: the disk is at fault, not the file.
pub fn unreadable(error: &io::Error) -> Problem {
    tracing::error!(%error, "an uploaded file could not be kept on disk");
    Problem::unavailable("The file could not be kept on the server's disk. Nothing was changed.", 60)
}

fn must_be_table(headers: &HeaderMap) -> Result<(), Problem> {
    if headers.contains_key(header::CONTENT_ENCODING) {
        return Err(Problem::unsupported_media_type("Compressed files are not read. Send it uncompressed."));
    }
    let stated = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let mut parts = stated.split(';').map(str::trim);
    let kind = parts.next().unwrap_or_default();
    if kind.eq_ignore_ascii_case(WORKBOOK) {
        return Ok(());
    }
    let is_csv = kind.eq_ignore_ascii_case("text/csv");
    let charset =
        parts.find_map(|part| part.split_once('=').filter(|(name, _)| name.eq_ignore_ascii_case("charset")));
    let is_utf8 = charset.is_none_or(|(_, name)| name.trim_matches('"').eq_ignore_ascii_case("utf-8"));
    if is_csv && is_utf8 {
        return Ok(());
    }
    Err(Problem::unsupported_media_type(format!(
        "Send the file as `Content-Type: text/csv`, in UTF-8, or as an Excel workbook (`{WORKBOOK}`)."
    )))
}

fn too_large(limit: u64) -> Problem {
    Problem::body_too_large(usize::try_from(limit).unwrap_or(usize::MAX))
}
