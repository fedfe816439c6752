//! `dist/` on a plain file server, under a path of its own, with the signaling server elsewhere.

use std::path::Path;

use futures_util::future::try_join;
use vitrine_e2e::{Browser, Result, Site, StaticServer, VitrinePage, VitrineServer, media_flows};

use crate::half;

#[tokio::test]
async fn the_app_runs_under_a_path_of_any_file_server() -> Result<()> {
    let _machine = half().await;
    let server = VitrineServer::start(Path::new("none")).await?;
    let site = Site::of_the_app()?;
    site.set_meta("signaling-server", &server.url())?;
    let files = StaticServer::start(site.path(), "/some/path").await?;
    let ada = VitrinePage::create(Browser::ChromiumSmallCamera, "Ada", &files.url(), "tea").await?;
    let ben = VitrinePage::join(Browser::ChromiumSmallCamera, "Ben", &files.url(), "tea").await?;
    try_join(ada.sees(&["Ben"]), ben.sees(&["Ada"])).await?;
    media_flows(&[&ada, &ben]).await
}
