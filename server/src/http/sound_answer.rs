//! The answer that gives a sound: whole, in parts, or not again to whoever has it.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::problem::Problem;
use super::range::{Wanted, wanted};
use crate::media::{MediaError, MediaStore, ObjectName};

/// A file of the store of sound files.
#[derive(Debug, Clone)]
pub struct SoundFile<'f> {
    /// Its name in the store.
    pub object: &'f str,
    /// Its size.
    pub bytes: u64,
    /// SHA-256 of the whole.
    pub sha256: &'f [u8; 32],
    /// What it is sent as.
    pub content_type: &'f str,
    /// What it is saved as: our own id with an ending, never a name that people give.
    pub save_as: String,
    /// Who may keep it, and for how long; nobody when absent.
    pub cache_control: Option<String>,
}

/// Why there is no answer with a sound.
#[derive(Debug)]
pub enum NotGiven {
    /// The request is at fault.
    Refused(Problem),
    /// The store of sound files is.
    Store(MediaError),
}

/// The answer to a GET or HEAD. Nothing of the file has left when this returns.
pub async fn give(
    media: &MediaStore,
    file: SoundFile<'_>,
    method: &Method,
    headers: &HeaderMap,
) -> Result<Response, NotGiven> {
    if !is_for_a_player(headers) {
        return Err(NotGiven::Refused(Problem::not_a_page()));
    }
    let tag = tag(file.sha256);
    let shared = [
        (header::ACCEPT_RANGES, Some("bytes".to_owned())),
        (header::ETAG, Some(tag.clone())),
        (header::CACHE_CONTROL, file.cache_control),
    ];
    if has_it(headers, &tag) {
        let mut response = StatusCode::NOT_MODIFIED.into_response();
        write(response.headers_mut(), shared);
        return Ok(response);
    }
    let (status, part) = match wanted(headers, file.bytes, &tag) {
        Wanted::Whole => (StatusCode::OK, 0..file.bytes),
        Wanted::Part(part) => (StatusCode::PARTIAL_CONTENT, part),
        Wanted::Nowhere => return Err(NotGiven::Refused(Problem::range_not_satisfiable(file.bytes))),
    };
    let body = if method == Method::HEAD {
        Body::empty()
    } else {
        let object = ObjectName::stored(file.object.to_owned());
        Body::from_stream(media.read(&object, Some(part.clone())).await.map_err(NotGiven::Store)?)
    };
    let mut response = (status, body).into_response();
    let range = format!("bytes {}-{}/{}", part.start, part.end.saturating_sub(1), file.bytes);
    let lines = [
        (header::CONTENT_TYPE, Some(file.content_type.to_owned())),
        (header::CONTENT_LENGTH, Some((part.end - part.start).to_string())),
        (header::CONTENT_DISPOSITION, Some(format!("attachment; filename=\"{}\"", file.save_as))),
        (header::CONTENT_RANGE, (status == StatusCode::PARTIAL_CONTENT).then_some(range)),
    ];
    write(response.headers_mut(), shared.into_iter().chain(lines));
    Ok(response)
}

/// Browsers say what an answer is for. A sound is played or fetched by a program; it is never a page, nor a part of one but
/// its sound.
fn is_for_a_player(headers: &HeaderMap) -> bool {
    let destination = headers.get(HeaderName::from_static("sec-fetch-dest"));
    destination.is_none_or(|it| matches!(it.as_bytes(), b"audio" | b"video" | b"empty"))
}

fn tag(sha256: &[u8; 32]) -> String {
    let digits: String = sha256[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("\"{digits}\"")
}

/// `If-None-Match` names the file as it is (RFC 9110, section 13.1.2).
fn has_it(headers: &HeaderMap, tag: &str) -> bool {
    let known = headers.get_all(header::IF_NONE_MATCH).iter().filter_map(|line| line.to_str().ok());
    known.flat_map(|line| line.split(',')).any(|one| {
        let one = one.trim();
        one == "*" || one.strip_prefix("W/").unwrap_or(one) == tag
    })
}

fn write(headers: &mut HeaderMap, lines: impl IntoIterator<Item = (HeaderName, Option<String>)>) {
    for (name, value) in lines {
        if let Some(value) = value.and_then(|value| HeaderValue::from_str(&value).ok()) {
            headers.insert(name, value);
        }
    }
}
