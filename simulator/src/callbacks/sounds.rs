//! Fetches the files that `<Play>` names, and keeps them as their answers permit: one that is fresh is not asked for again,
//! one that is stale is asked for with its tag.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{CACHE_CONTROL, CONTENT_TYPE, ETAG, HeaderMap, HeaderName, IF_NONE_MATCH};
use reqwest::{Response, StatusCode};
use url::Url;

use super::{HARD_LIMIT, MOST_REDIRECTS, Post};
use crate::network::alerts::Alert;
use crate::timeline::later;

/// More of a file is not read; nobody on a call listens for that long.
const MOST_BYTES: usize = 40 * 1024 * 1024;
/// What Twilio plays.
const PLAYED: [&str; 10] = [
    "audio/mpeg",
    "audio/wav",
    "audio/wave",
    "audio/x-wav",
    "audio/aiff",
    "audio/x-aifc",
    "audio/x-aiff",
    "audio/x-gsm",
    "audio/gsm",
    "audio/ulaw",
];

/// A file as it was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sound {
    pub content_type: String,
    pub bytes: u64,
    /// Its length, where its head tells.
    pub length: Option<Duration>,
}

/// What was fetched before.
#[derive(Default)]
pub(crate) struct Kept(Mutex<HashMap<String, Copy>>);

#[derive(Clone)]
struct Copy {
    sound: Sound,
    tag: Option<String>,
    fresh_until: Timestamp,
}

impl Kept {
    fn copies(&self) -> MutexGuard<'_, HashMap<String, Copy>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Post {
    /// Whether such a file could be asked for at all.
    pub(crate) fn reaches(&self, url: &str) -> bool {
        self.allowed(url).is_ok()
    }

    /// The file at an address, from what is kept or from there; `now`: the time that its freshness is counted in.
    pub(crate) async fn sound(&self, url: &str, now: Timestamp) -> Result<Sound, Alert> {
        let kept = self.sounds.copies().get(url).cloned();
        if let Some(copy) = &kept
            && copy.fresh_until > now
        {
            return Ok(copy.sound.clone());
        }
        let fetched = tokio::time::timeout(HARD_LIMIT, self.fetch(url, kept, now)).await;
        let late = || Alert::new(11200, "the sound did not arrive within 15 seconds", url);
        let copy = fetched.unwrap_or_else(|_elapsed| Err(late()))?;
        let sound = copy.sound.clone();
        self.sounds.copies().insert(url.to_owned(), copy);
        Ok(sound)
    }

    async fn fetch(&self, url: &str, kept: Option<Copy>, now: Timestamp) -> Result<Copy, Alert> {
        let mut at = self.allowed(url)?;
        for _ in 0..=MOST_REDIRECTS {
            let mut request = self.client.get(at.clone()).header("Accept", "audio/*,*/*;q=0.5");
            if let Some(tag) = kept.as_ref().and_then(|copy| copy.tag.as_deref()) {
                request = request.header(IF_NONE_MATCH, tag);
            }
            let answer = request.send().await.map_err(|error| Alert::unreachable(&error, &at))?;
            if answer.status() == StatusCode::NOT_MODIFIED
                && let Some(copy) = kept
            {
                return Ok(Copy { fresh_until: fresh_until(answer.headers(), now), ..copy });
            }
            if !answer.status().is_redirection() {
                return read(&at, answer, now).await;
            }
            let location = line(answer.headers(), &reqwest::header::LOCATION);
            let next = at.join(location).map_err(|_| Alert::new(11206, "redirected to no valid URL", &at))?;
            at = self.allowed(next.as_str())?;
        }
        Err(Alert::new(11215, "more than 10 redirects", &at))
    }
}

async fn read(url: &Url, mut answer: Response, now: Timestamp) -> Result<Copy, Alert> {
    if !answer.status().is_success() {
        return Err(Alert::new(11200, &format!("the sound was refused with {}", answer.status()), url));
    }
    let kind = line(answer.headers(), &CONTENT_TYPE).split(';').next().unwrap_or_default().trim();
    let content_type = kind.to_ascii_lowercase();
    if !PLAYED.contains(&content_type.as_str()) {
        return Err(Alert::new(12300, &format!("{content_type:?} is not played"), url));
    }
    let fresh_until = fresh_until(answer.headers(), now);
    let tag = Some(line(answer.headers(), &ETAG)).filter(|tag| !tag.is_empty()).map(str::to_owned);
    let (mut head, mut bytes) = (Vec::new(), 0);
    while let Some(chunk) = answer.chunk().await.map_err(|error| Alert::unreachable(&error, url))? {
        bytes += chunk.len();
        if bytes > MOST_BYTES {
            return Err(Alert::new(11200, "the sound is larger than 40 MB", url));
        }
        let missing = HEAD.saturating_sub(head.len()).min(chunk.len());
        head.extend_from_slice(&chunk[..missing]);
    }
    let sound = Sound { content_type, bytes: bytes as u64, length: length_of_wav(&head) };
    Ok(Copy { sound, tag, fresh_until })
}

fn line<'h>(headers: &'h HeaderMap, name: &HeaderName) -> &'h str {
    headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
}

/// `max-age` counts where the answer may be kept at all; without it, it is asked for anew.
fn fresh_until(headers: &HeaderMap, now: Timestamp) -> Timestamp {
    let control = line(headers, &CACHE_CONTROL).to_ascii_lowercase();
    if control.contains("no-store") || control.contains("no-cache") {
        return now;
    }
    let age = control.split(',').find_map(|word| word.trim().strip_prefix("max-age=")?.parse().ok());
    later(now, Duration::from_secs(age.unwrap_or(0)))
}

/// What is looked at of a file.
const HEAD: usize = 512;

/// Of a WAV file whose head is in the first bytes: the bytes of sound by those of a second.
fn length_of_wav(head: &[u8]) -> Option<Duration> {
    if !head.starts_with(b"RIFF") || head.get(8..12) != Some(b"WAVE") {
        return None;
    }
    let number = |at: usize| Some(u32::from_le_bytes(head.get(at..at + 4)?.try_into().ok()?));
    let (mut at, mut per_second) = (12, None);
    loop {
        let size = number(at + 4)?;
        match head.get(at..at + 4)? {
            b"fmt " => per_second = Some(number(at + 16)?),
            b"data" => {
                let per_second = per_second.filter(|bytes| *bytes > 0)?;
                return Some(Duration::from_secs_f64(f64::from(size) / f64::from(per_second)));
            }
            _ => {}
        }
        at = at.checked_add(8 + size as usize + (size % 2) as usize)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wav_head_tells_how_long_the_sound_is() {
        let mut head = b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0".to_vec();
        head.extend(8_000_u32.to_le_bytes());
        head.extend(16_000_u32.to_le_bytes());
        head.extend([2, 0, 16, 0]);
        head.extend(b"LIST\x03\0\0\0abc\0data");
        head.extend(24_000_u32.to_le_bytes());
        assert_eq!(length_of_wav(&head), Some(Duration::from_millis(1_500)));
        for length in 0..head.len() {
            assert_eq!(length_of_wav(&head[..length]), None, "{length}");
        }
        assert_eq!(length_of_wav(b"\xff\xfb\x90\xc4"), None);
    }

    #[test]
    fn freshness_is_what_the_answer_says() {
        let now: Timestamp = "2026-03-02T10:00:00Z".parse().unwrap();
        let fresh = |control: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(CACHE_CONTROL, control.parse().unwrap());
            fresh_until(&headers, now).as_second() - now.as_second()
        };
        assert_eq!(fresh("public, max-age=60"), 60);
        assert_eq!((fresh("no-store"), fresh("no-cache, max-age=60"), fresh("public")), (0, 0, 0));
        assert_eq!(fresh_until(&HeaderMap::new(), now), now);
    }
}
