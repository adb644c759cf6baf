//! An item of `sample-things`: what is stored of it, and how a request describes it.

use serde::{Deserialize, Serialize};
use shared::http::body::{self, ValueError};
use shared::http::JsonFields;
use shared::own::{Id, OwnItem};
use shared::patch::Patch;
use shared::profile::Line;

/// What is stored. A field that is added later needs `#[serde(default)]`.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct SampleThing {
    pub(crate) title: Line<100>,
    pub(crate) note: Option<Line<500>>,
}

pub(crate) type SampleThingId = Id<SampleThing>;

impl OwnItem for SampleThing {
    const KIND: &'static str = "sample-things";
}

impl SampleThing {
    /// Reads the body of a creation.
    pub(crate) fn read(fields: &mut JsonFields) -> Option<Self> {
        let title = fields.required("title", body::parsed);
        let note = fields.optional("note", body::parsed);
        Some(Self {
            title: title?,
            note,
        })
    }
}

/// What a change leaves, sets and clears.
#[derive(Debug)]
pub(crate) struct Changes {
    title: Patch<Line<100>>,
    note: Patch<Line<500>>,
}

impl Changes {
    /// Reads the body of a change.
    pub(crate) fn read(fields: &mut JsonFields) -> Option<Self> {
        let title = match fields.patch("title", body::parsed) {
            Some(Patch::Clear) => fields.reject("title", ValueError::invalid("cannot be cleared")),
            title => title,
        };
        let note = fields.patch("note", body::parsed);
        Some(Self {
            title: title?,
            note: note?,
        })
    }

    pub(crate) fn apply(&self, item: &mut SampleThing) {
        if let Some(title) = self.title.value() {
            item.title = title.clone();
        }
        self.note.apply_to(&mut item.note);
    }
}
