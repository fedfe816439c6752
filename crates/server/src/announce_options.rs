//! The options of the start-up message.

use clap::{Args, ValueEnum};

/// Options of the start-up message.
#[derive(Args, Clone, Debug, Default)]
pub struct AnnounceOptions {
    /// When to draw a QR code of the address to open, for a phone on the same network.
    ///
    /// "auto" draws it on a terminal, where the server listens for other machines.
    #[arg(long = "qr-code", env = "VITRINE_QR_CODE", value_name = "WHEN", value_enum, default_value_t)]
    pub qr_code: When,
}

/// When to do something.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum When {
    /// When it is useful.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}
