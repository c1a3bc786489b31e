//! `template.yaml`, read as CloudFormation and SAM read it.

pub mod model;
pub mod policy;
