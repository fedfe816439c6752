//! A place to meet whose signaling can fail: the app on a file server that always answers, and a signaling server of
//! either make behind a [`FaultProxy`], which can be stopped and started again.

use std::path::Path;

use crate::{FaultProxy, NodeServer, Result, Site, StaticServer, VitrineServer, free_port};

/// Whose signaling server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Make {
    /// `vitrine-server`.
    Vitrine,
    /// The guide's, on Node.js.
    Node,
}

/// The servers of a venue.
pub struct Venue {
    /// What the pages' signaling goes through.
    pub proxy: FaultProxy,
    make: Make,
    server: Option<Server>,
    files: StaticServer,
    // Last, after whoever reads it.
    _site: Site,
    empty: Site,
}

enum Server {
    Vitrine(VitrineServer),
    Node(NodeServer),
}

impl Server {
    fn port(&self) -> u16 {
        match self {
            Self::Vitrine(server) => server.port(),
            Self::Node(server) => server.port(),
        }
    }
}

impl Venue {
    /// Starts the app and a signaling server.
    ///
    /// # Errors
    /// When either does not start.
    pub async fn start(make: Make) -> Result<Self> {
        Self::with(make, Site::of_the_app()?).await
    }

    /// As [`Venue::start`], with a site to serve in which the app is one page among others.
    ///
    /// # Errors
    /// When either server does not start.
    pub async fn with(make: Make, site: Site) -> Result<Self> {
        let proxy = FaultProxy::start(free_port()?).await?;
        site.set_meta("signaling-server", &proxy.url())?;
        let files = StaticServer::start(site.path(), "/").await?;
        let mut venue = Self { proxy, make, server: None, files, _site: site, empty: Site::empty()? };
        venue.start_server().await?;
        Ok(venue)
    }

    /// The app's address, with a `/` at the end.
    pub fn url(&self) -> String {
        self.files.url()
    }

    /// Kills the signaling server; the app's files are still there.
    pub fn stop_server(&mut self) {
        self.server = None;
    }

    /// Starts a signaling server that knows nobody.
    ///
    /// # Errors
    /// When it does not start.
    pub async fn start_server(&mut self) -> Result<()> {
        let server = match self.make {
            Make::Vitrine => Server::Vitrine(VitrineServer::start(Path::new("none")).await?),
            Make::Node => Server::Node(NodeServer::start(self.empty.path()).await?),
        };
        self.proxy.lead_to(server.port());
        self.server = Some(server);
        Ok(())
    }
}
