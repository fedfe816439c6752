//! A description that is longer than the default limit of a data channel message reaches the peer, over the control
//! channel and through the server.

use futures_util::future::try_join;
use vitrine_e2e::{Browser, Make, Result, Venue, VitrinePage, media_flows};

use crate::{connection_id, half, signaling_loss::both_have};

const BROWSER: Browser = Browser::ChromiumSmallCamera;

/// Media sections that Ada and Ben add. Ada's alone make the description longer than [`LONG`].
const SECTIONS: [usize; 2] = [25, 3];

/// The default `max-message-size`, in bytes (RFC 8841 §6.1).
const LONG: usize = 65_536;

/// Negotiates many sections. `prepare` decides which way the descriptions go.
async fn agree(prepare: impl AsyncFn(&mut Venue, &VitrinePage, &VitrinePage) -> Result<()>) -> Result<()> {
    let _machine = half().await;
    let mut venue = Venue::start(Make::Vitrine).await?;
    let ada = VitrinePage::create(BROWSER, "Ada", &venue.url(), "tea").await?;
    let ben = VitrinePage::join(BROWSER, "Ben", &venue.url(), "tea").await?;
    try_join(ada.sees(&["Ben"]), ben.sees(&["Ada"])).await?;
    media_flows(&[&ada, &ben]).await?;
    let (of_ada, of_ben) = (connection_id(&ada).await?, connection_id(&ben).await?);
    let before = try_join(ada.identity(), ben.identity()).await?;
    prepare(&mut venue, &ada, &ben).await?;
    let mut sections = 2;
    for (page, id, added) in [(&ada, of_ada, SECTIONS[0]), (&ben, of_ben, SECTIONS[1])] {
        page.add_sections(id, added).await?;
        sections += added;
        // Waits until both sides are stable.
        both_have((&ada, of_ada), (&ben, of_ben), sections).await?;
        for (page, id) in [(&ada, of_ada), (&ben, of_ben)] {
            let bytes = page.negotiation(id).await?.description_bytes;
            assert!(bytes > LONG, "{}'s description has {bytes} bytes only", page.name());
        }
        media_flows(&[&ada, &ben]).await?;
    }
    assert_eq!(try_join(ada.identity(), ben.identity()).await?, before, "same connections, same tiles");
    assert_eq!((ada.uncaught().await?, ben.uncaught().await?), (vec![], vec![]));
    Ok(())
}

#[tokio::test]
async fn long_description_goes_over_control_channel() -> Result<()> {
    agree(async |venue, ada, ben| {
        venue.stop_server();
        try_join(ada.signaling_is("offline"), ben.signaling_is("offline")).await.map(drop)
    })
    .await
}

#[tokio::test]
async fn long_description_goes_through_server() -> Result<()> {
    agree(async |_, ada, ben| try_join(ada.congest_control(), ben.congest_control()).await.map(drop)).await
}
