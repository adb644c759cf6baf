//! What holds of all tests together: the functions' roles against what the functions did, and `openapi.yaml` against how
//! they answered. The tests that run all functions in one process note what each asks AWS for and how it responds; when
//! all have run, two tests here compare that with what is written, where nothing may be missing and nothing may be left
//! over. What the deployed functions ask for is not noted: there the emulator enforces their roles itself, by action and
//! resource, which another test makes sure of.

mod comparison;
mod first_use;
mod local_stack;
mod openapi;
mod permission;
