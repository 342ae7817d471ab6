//! Files that come with a form: on disk without a name, with what their sender calls them.

use std::fs::File;

use axum::extract::{FromRequest, Multipart, Request};

use crate::http::api::imports::upload;
use crate::http::{Problem, text};

/// What a browser offers to choose from.
pub const ACCEPTED: &str =
    ".csv,.tsv,.txt,.xlsx,text/csv,application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";

/// What stands around the file in a form.
const AROUND: u64 = 64 * 1024;
/// Characters of a file's name that are kept to be shown.
const LONGEST_NAME: usize = 120;

/// The file of a form, on disk, and what its sender calls it.
pub async fn receive(request: Request, most_bytes: u64) -> Result<(File, String), Problem> {
    upload::must_announce_at_most(request.headers(), most_bytes + AROUND)?;
    let form = Multipart::from_request(request, &()).await;
    let mut form =
        form.map_err(|_| Problem::unsupported_media_type("a form with a file is expected here"))?;
    let part = form.next_field().await.map_err(|error| upload::broken(&error))?;
    let part = part.filter(|part| part.name() == Some("file"));
    let part = part.ok_or_else(|| Problem::unprocessable("required", "choose a file first"))?;
    let name = shown_name(part.file_name().unwrap_or_default());
    let file = upload::keep(Box::pin(part), most_bytes).await?;
    let is_empty = file.metadata().is_ok_and(|file| file.len() == 0);
    if is_empty && name.is_empty() {
        return Err(Problem::unprocessable("required", "choose a file first"));
    }
    Ok((file, if name.is_empty() { "The file".to_owned() } else { name }))
}

/// Without a folder, and without what could not be shown.
fn shown_name(name: &str) -> String {
    let name = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let shown = name.chars().filter(|c| !text::is_trouble(*c));
    shown.take(LONGEST_NAME).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::shown_name;

    #[test]
    fn a_files_name_is_shown_without_folder_and_tricks() {
        assert_eq!(shown_name("C:\\people\\list.csv"), "list.csv");
        assert_eq!(shown_name("../../etc/list\u{202e}vsc.exe\0"), "listvsc.exe");
        assert_eq!(shown_name(&"x".repeat(1_000)).len(), super::LONGEST_NAME);
    }
}
