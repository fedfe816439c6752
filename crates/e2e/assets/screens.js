// Follows the probe in the same script: shared screens. A browser without a fake screen is given one, a canvas that moves;
// a share can be refused, and ended as the browser's own bar ends it. It tells what each shared screen on the page shows.
(() => {
  const { live, framesOf } = window.__probe.page;
  const FRAMES_PER_SECOND = 10;

  const shared = []; // every track of a screen that was shared here
  let refusal = null; // the DOMException's name
  let canvasSize = null; // stands in for a screen, if set

  // Moves until its track ends; nothing of it is left then.
  const moving = ({ width, height }) => {
    const canvas = Object.assign(document.createElement('canvas'), { width, height });
    const context = canvas.getContext('2d');
    let step = 0;
    const draw = () => {
      step += 1;
      context.fillStyle = `hsl(${(step * 7) % 360} 60% 40%)`;
      context.fillRect(0, 0, width, height);
      context.fillStyle = 'white';
      context.fillRect((step * 16) % width, 0, 32, height);
    };
    draw();
    const stream = canvas.captureStream(FRAMES_PER_SECOND);
    const [track] = stream.getVideoTracks();
    const timer = setInterval(() => {
      if (track.readyState === 'ended') clearInterval(timer);
      else draw();
    }, 1000 / FRAMES_PER_SECOND);
    return stream;
  };

  if (new URLSearchParams(location.search).has('without-screens')) {
    // As on phones.
    delete MediaDevices.prototype.getDisplayMedia;
  } else if (navigator.mediaDevices) {
    const native = MediaDevices.prototype.getDisplayMedia;
    const share = async function (constraints) {
      if (refusal) throw new DOMException('not shared', refusal);
      const stream = canvasSize ? moving(canvasSize) : await native.call(this, constraints);
      shared.push(...stream.getTracks());
      window.__probe.page.keep(stream.getTracks());
      return stream;
    };
    if (native) MediaDevices.prototype.getDisplayMedia = share;
  }

  const endScreen = () => {
    const tracks = shared.filter((track) => track.readyState === 'live');
    for (const track of tracks) {
      track.stop();
      // The browser is silent about an end that the page itself brought about.
      track.dispatchEvent(new Event('ended'));
    }
    return tracks.length;
  };

  const decoded = async (track) => {
    for (const connection of live.values()) {
      for (const report of (await connection.getStats(track).catch(() => [])).values()) {
        if (report.type === 'inbound-rtp' && report.kind === 'video') return report.framesDecoded ?? 0;
      }
    }
    return 0;
  };
  const screens = () =>
    Promise.all(
      [...document.querySelectorAll('[data-testid=screen]')].map(async (screen) => {
        const video = screen.querySelector('video');
        const track = video?.srcObject?.getVideoTracks().find(({ readyState }) => readyState === 'live');
        return {
          peer: screen.dataset.peer ?? null,
          name: screen.getAttribute('aria-label') ?? '',
          playing: video ? !video.paused : false,
          width: video?.videoWidth ?? 0,
          height: video?.videoHeight ?? 0,
          seconds: video?.currentTime ?? 0,
          frames: video ? framesOf(video) : 0,
          decoded: track ? await decoded(track) : 0,
        };
      }),
    );

  window.__probe.page.shared = shared;
  Object.assign(window.__probe, {
    useCanvasAsScreen: (width, height) => {
      canvasSize = { width, height };
    },
    refuseScreen: (name) => {
      refusal = name;
    },
    endScreen,
    sharedScreens: () =>
      shared.map(({ kind, readyState, contentHint, label }) => ({ kind, readyState, contentHint, label })),
    screens,
  });
})();
