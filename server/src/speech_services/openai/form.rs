//! A form with one file in it (RFC 7578).

use sha2::{Digest, Sha256};

/// An audio file on its way.
#[derive(Debug, Clone, Copy)]
pub struct AudioFile<'a> {
    /// The file.
    pub bytes: &'a [u8],
    /// How it is announced, such as `audio/wav`.
    pub content_type: &'static str,
    /// A name whose ending says the format, such as `call.wav`: the service goes by it.
    pub name: &'static str,
}

/// Content type and content of a form with these fields and the file.
pub(super) fn multipart(audio: AudioFile<'_>, fields: &[(&str, &str)]) -> (String, Vec<u8>) {
    let boundary = boundary(audio.bytes);
    let mut body = Vec::with_capacity(audio.bytes.len() + 1_024);
    for (name, value) in fields {
        let part =
            format!("--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n");
        body.extend_from_slice(part.as_bytes());
    }
    let head = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{}\"\r\nContent-Type: {}\r\n\r\n",
        audio.name, audio.content_type
    );
    body.extend_from_slice(head.as_bytes());
    body.extend_from_slice(audio.bytes);
    body.extend_from_slice(format!("\r\n--{boundary}--\r\n").as_bytes());
    (format!("multipart/form-data; boundary={boundary}"), body)
}

/// The fingerprint of the file: one that contains its own cannot be found.
fn boundary(file: &[u8]) -> String {
    Sha256::digest(file).iter().fold("form-".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}
