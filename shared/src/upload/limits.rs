//! How much may be uploaded, from configuration.

use crate::config::Vars;
use crate::ids::Purpose;
use crate::upload::content_type::ContentType;

/// What a single PUT or POST to S3 can hold, in bytes.
const S3_MAX_BYTES: u64 = 5 * 1024 * 1024 * 1024;

/// More than this is not counted: a petabyte.
const MAX_TOTAL_BYTES: u64 = 1 << 50;

/// The limits on uploads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    types: Vec<ContentType>,
    file_max_bytes: u64,
    avatar_max_bytes: u64,
    /// How many tickets of one user may be unused at a time.
    pub pending: u64,
    /// How many tickets one user gets in a day (UTC).
    pub daily: u64,
    /// How many bytes one user may store; `None` if that is not limited.
    pub total_bytes: Option<u64>,
}

impl Limits {
    /// Reads `UPLOAD_TYPES`, `UPLOAD_MAX_BYTES`, `AVATAR_MAX_BYTES`, `UPLOAD_PENDING_LIMIT`, `UPLOAD_DAILY_LIMIT`
    /// and `UPLOAD_TOTAL_BYTES`.
    pub fn read(vars: &mut Vars<'_>) -> Self {
        let types = vars.optional_as("UPLOAD_TYPES", |text| {
            text.split(',')
                .map(|part| parse_type(part.trim()))
                .collect::<Result<Vec<_>, _>>()
        });
        let total_bytes = vars.number(
            "UPLOAD_TOTAL_BYTES",
            1024 * 1024 * 1024,
            0..=MAX_TOTAL_BYTES,
        );
        Self {
            types: types.unwrap_or_else(default_types),
            file_max_bytes: vars.number("UPLOAD_MAX_BYTES", 10 * 1024 * 1024, 1..=S3_MAX_BYTES),
            avatar_max_bytes: vars.number("AVATAR_MAX_BYTES", 2 * 1024 * 1024, 1..=S3_MAX_BYTES),
            // 100 ids are what one record of the open tickets reasonably holds.
            pending: vars.number("UPLOAD_PENDING_LIMIT", 40, 1..=100),
            daily: vars.number("UPLOAD_DAILY_LIMIT", 200, 1..=1_000_000),
            total_bytes: Some(total_bytes).filter(|total| *total > 0),
        }
    }

    /// Whether uploads may have that type.
    pub fn allows(&self, content_type: ContentType) -> bool {
        self.types.contains(&content_type)
    }

    /// The types that uploads may have, as one sentence's list.
    pub fn types(&self) -> String {
        self.types
            .iter()
            .map(|known| known.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// The largest upload for that purpose, in bytes.
    pub fn max_bytes(&self, purpose: Purpose) -> u64 {
        match purpose {
            Purpose::Avatar => self.avatar_max_bytes,
            Purpose::File => self.file_max_bytes,
        }
    }
}

fn parse_type(text: &str) -> Result<ContentType, String> {
    text.parse()
        .map_err(|_| format!("holds {text:?}, whose bytes cannot be verified"))
}

fn default_types() -> Vec<ContentType> {
    ["image/jpeg", "image/png", "image/webp", "image/gif"]
        .iter()
        .filter_map(|text| text.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::ConfigError;

    fn read(types: &'static str) -> Result<Limits, ConfigError> {
        let get = move |name: &str| (name == "UPLOAD_TYPES").then(|| types.to_owned());
        let mut vars = Vars::new(&get);
        let limits = Limits::read(&mut vars);
        vars.finish().map(|()| limits)
    }

    #[test]
    fn the_defaults_are_four_image_types() {
        let limits = read("").unwrap();
        assert_eq!(
            limits.types(),
            "image/jpeg, image/png, image/webp, image/gif"
        );
        assert_eq!(limits.max_bytes(Purpose::Avatar), 2 * 1024 * 1024);
    }

    #[test]
    fn types_that_run_scripts_cannot_be_configured() {
        assert!(
            read("image/png, application/pdf")
                .unwrap()
                .allows("application/pdf".parse().unwrap())
        );
        for types in ["image/svg+xml", "text/html", "image/png,,", "*/*"] {
            assert!(read(types).is_err(), "{types}");
        }
    }
}
