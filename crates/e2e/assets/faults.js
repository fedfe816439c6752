// Follows the probe in the same script: what tests of bad luck need besides. It tells whether what was there before is
// still the same afterwards (tiles by their node, frames by a clock that misses none), and brings about from inside what
// happens to pages outside of laboratories: devices that go away, renegotiation, nonsense on the control channel.
(() => {
  const { live, captured, listen, shownBy } = window.__probe.page;

  // ---- tiles: which node it is, and every set of tiles there ever was ----
  const numbers = new WeakMap();
  let numbered = 0;
  const numberOf = (node) => {
    if (!numbers.has(node)) numbers.set(node, (numbered += 1));
    return numbers.get(node);
  };
  const tiles = () =>
    [...document.querySelectorAll('[data-testid=tile]')].map((tile) => ({
      node: numberOf(tile),
      peer: tile.dataset.peer,
      state: tile.dataset.state ?? '',
      name: tile.getAttribute('aria-label') ?? '',
      words: tile.querySelector('[data-testid=peer-state]')?.innerText.trim() ?? null,
      retry: tile.querySelector('[data-testid=retry]') !== null,
      width: tile.querySelector('video')?.videoWidth ?? 0,
    }));
  const history = [];
  const look = () => {
    const seen = tiles().map(({ node, peer, state, name }) => ({ node, peer, state, name }));
    if (JSON.stringify(seen) !== JSON.stringify(history.at(-1)?.tiles ?? [])) history.push({ at: performance.now(), tiles: seen });
  };
  new MutationObserver(look).observe(document, {
    childList: true,
    subtree: true,
    attributes: true,
    attributeFilter: ['data-state', 'data-peer', 'aria-label'],
  });

  // ---- frames: the longest time without one, on each connection and on the whole page ----
  const FOLLOW_EVERY = 30;
  let clocks = new Map(); // connection id → clock; 'any' → the one of the page
  let followed = new WeakMap(); // video → connection id
  let following = null;
  const KEPT = 2000;
  let shown = []; // when frames were shown, the last ones
  const newClock = () => ({ frames: 0, longest: 0, last: performance.now(), first: null });
  const tick = (clock, now) => {
    clock.longest = Math.max(clock.longest, now - clock.last);
    clock.last = now;
    clock.first ??= now;
    clock.frames += 1;
  };
  const follow = () => {
    for (const [id, connection] of live) {
      const video = shownBy(connection);
      if (!video || followed.get(video) === id) continue;
      followed.set(video, id);
      if (!clocks.has(id)) clocks.set(id, newClock());
      const round = clocks;
      const next = () =>
        video.requestVideoFrameCallback((now) => {
          if (followed.get(video) !== id || clocks !== round) return;
          tick(round.get(id), now);
          tick(round.get('any'), now);
          shown.push(now);
          if (shown.length > KEPT) shown.shift();
          next();
        });
      next();
    }
  };
  const startFrameClock = () => {
    clocks = new Map([['any', newClock()]]);
    shown = [];
    followed = new WeakMap();
    clearInterval(following);
    following = setInterval(follow, FOLLOW_EVERY);
    follow();
    return performance.now();
  };
  const readClock = ({ frames, longest, last, first }) => ({
    frames,
    longest: Math.max(longest, performance.now() - last),
    since: performance.now() - last,
    first,
  });
  const frameClock = () => Object.fromEntries([...clocks].map(([id, clock]) => [id, readClock(clock)]));

  // ---- the connections by hand ----
  const channels = new WeakMap(); // connection → its control channel
  const greetings = new WeakMap(); // control channel → the first message that came
  const streams = new WeakMap(); // connection → the stream that the page sends in
  if (window.RTCPeerConnection) {
    const { createDataChannel, addTrack, addTransceiver } = RTCPeerConnection.prototype;
    RTCPeerConnection.prototype.createDataChannel = function (label, init) {
      const channel = createDataChannel.call(this, label, init);
      if (label === 'control') {
        channels.set(this, channel);
        listen(channel, 'message', ({ data }) => {
          if (!greetings.has(channel)) greetings.set(channel, data);
        });
      }
      return channel;
    };
    RTCPeerConnection.prototype.addTrack = function (track, ...parameters) {
      if (parameters[0]) streams.set(this, parameters[0]);
      return addTrack.call(this, track, ...parameters);
    };
    RTCPeerConnection.prototype.addTransceiver = function (kind, init) {
      // A shared screen is added as a track.
      if (typeof kind === 'string' && init?.streams?.[0]) streams.set(this, init.streams[0]);
      return addTransceiver.call(this, kind, init);
    };
  }
  // Candidates of the other side: each that was added, without its priority, which is this side's to give.
  const additions = new WeakMap(); // connection → what was added, with how that ended
  if (window.RTCPeerConnection) {
    const { addIceCandidate } = RTCPeerConnection.prototype;
    RTCPeerConnection.prototype.addIceCandidate = function (...parameters) {
      const { candidate, usernameFragment } = parameters[0] ?? {};
      const line = candidate?.split(' ').toSpliced(3, 1).join(' ') ?? '';
      const addition = { line, fragment: usernameFragment ?? null, outcome: null };
      if (!additions.has(this)) additions.set(this, []);
      additions.get(this).push(addition);
      const added = addIceCandidate.apply(this, parameters);
      added.then(
        () => (addition.outcome = 'added'),
        ({ name }) => (addition.outcome = name),
      );
      return added;
    };
  }
  // A slow line: what is sent takes up to so many milliseconds more, each on its own, and never overtakes another. And
  // one that is behind with what it was given.
  let slowness = 0;
  let congested = false;
  let given = 0;
  if (window.RTCDataChannel) {
    const { send } = RTCDataChannel.prototype;
    const lines = new WeakMap(); // channel → what is on its way, and when the latest of it leaves
    RTCDataChannel.prototype.send = function (data) {
      given += 1;
      if (!slowness) return send.call(this, data);
      if (!lines.has(this)) lines.set(this, { waiting: [], due: 0 });
      const line = lines.get(this);
      line.waiting.push(data);
      line.due = Math.max(line.due, performance.now() + Math.random() * slowness);
      setTimeout(() => {
        const next = line.waiting.shift();
        if (this.readyState === 'open') send.call(this, next);
      }, line.due - performance.now());
    };
    const { get } = Object.getOwnPropertyDescriptor(RTCDataChannel.prototype, 'bufferedAmount');
    Object.defineProperty(RTCDataChannel.prototype, 'bufferedAmount', {
      get() {
        return congested ? 2 ** 30 : get.call(this);
      },
    });
  }
  const connectionOf = (id) => {
    if (!live.has(id)) throw new Error(`connection ${id} is not live; these are: ${[...live.keys()]}`);
    return live.get(id);
  };
  const transceivers = (id) =>
    connectionOf(id)
      .getTransceivers()
      .map(({ mid, direction, currentDirection, receiver, sender }) => ({
        mid,
        kind: receiver.track.kind,
        direction,
        currentDirection,
        sends: sender.track !== null,
      }));
  // A second microphone track, sent in the stream that is there already.
  const addTrackTo = (id) => {
    const connection = connectionOf(id);
    const source = captured.find((track) => track.kind === 'audio' && track.readyState === 'live');
    const stream = streams.get(connection);
    connection.addTransceiver(source.clone(), { direction: 'sendonly', streams: stream ? [stream] : [] });
  };
  // Sections in which nothing is sent, and which make the description long all the same.
  const addSectionsTo = (id, count) => {
    for (let added = 0; added < count; added += 1) connectionOf(id).addTransceiver('video', { direction: 'recvonly' });
  };
  const packetsByMid = async (id) => {
    const reports = [...(await connectionOf(id).getStats()).values()];
    return Object.fromEntries(
      reports.filter(({ type }) => type === 'inbound-rtp').map(({ mid, packetsReceived }) => [mid, packetsReceived]),
    );
  };
  const fragmentOf = (description) => /^a=ice-ufrag:(\S+)/m.exec(description?.sdp ?? '')?.[1] ?? null;
  const negotiation = (id) => {
    const connection = connectionOf(id);
    return {
      signaling: connection.signalingState,
      ice: connection.iceConnectionState,
      localFragment: fragmentOf(connection.currentLocalDescription),
      remoteFragment: fragmentOf(connection.currentRemoteDescription),
      descriptionBytes: connection.currentLocalDescription?.sdp.length ?? 0,
    };
  };
  const selectedPath = async (id) => {
    const reports = await connectionOf(id).getStats();
    const transport = [...reports.values()].find(({ type }) => type === 'transport');
    // Firefox marks it instead.
    const marked = [...reports.values()].find(({ type, selected }) => type === 'candidate-pair' && selected);
    const pair = reports.get(transport?.selectedCandidatePairId) ?? marked;
    if (!pair) return null;
    const end = (candidate) => ({
      address: candidate?.address ?? '',
      type: candidate?.candidateType ?? '',
      relayProtocol: candidate?.relayProtocol ?? null,
    });
    return { local: end(reports.get(pair.localCandidateId)), remote: end(reports.get(pair.remoteCandidateId)) };
  };
  const channel = (id) => channels.get(connectionOf(id));

  // ---- the line to the server ----
  let sockets = 0;
  window.WebSocket = new Proxy(WebSocket, {
    construct: (target, parameters) => {
      sockets += 1;
      return Reflect.construct(target, parameters);
    },
  });

  // ---- devices ----
  const failures = { audio: null, video: null }; // kind → the DOMException's name
  if (navigator.mediaDevices) {
    const { getUserMedia, enumerateDevices } = MediaDevices.prototype;
    MediaDevices.prototype.getUserMedia = async function (constraints) {
      for (const kind of ['audio', 'video']) {
        if (constraints?.[kind] && failures[kind]) throw new DOMException(`no ${kind} for now`, failures[kind]);
      }
      return getUserMedia.call(this, constraints);
    };
    MediaDevices.prototype.enumerateDevices = async function () {
      const gone = (device) => failures[device.kind.replace('input', '')] === 'NotFoundError';
      return (await enumerateDevices.call(this)).filter((device) => !gone(device));
    };
    const { query } = Permissions.prototype;
    Permissions.prototype.query = async function (descriptor) {
      const kind = { microphone: 'audio', camera: 'video' }[descriptor.name];
      // Other answers are the browser's own.
      if (failures[kind] !== 'NotAllowedError') return query.call(this, descriptor);
      return Object.create(PermissionStatus.prototype, { state: { value: 'denied' } });
    };
  }
  const changed = () => navigator.mediaDevices.dispatchEvent(new Event('devicechange'));
  const loseDevice = (kind, failure) => {
    failures[kind] = failure;
    for (const track of captured) {
      if (track.kind !== kind || track.readyState !== 'live' || window.__probe.page.shared.includes(track)) continue;
      track.stop();
      // The browser is silent about an end that the page itself brought about.
      track.dispatchEvent(new Event('ended'));
    }
    changed();
  };
  const returnDevice = (kind) => {
    failures[kind] = null;
    changed();
  };

  // ---- entering without anybody's hand, as soon as it can be done: a clock that no driver is in ----
  const ENTERS = 'probe-enters';
  const ready = () => {
    const devices = ['toggle-mic', 'toggle-camera'].map((id) => document.querySelector(`[data-testid=${id}]`));
    const given = devices.every((toggle) => !toggle || !['asking', undefined].includes(toggle.dataset.device));
    const stage = document.body?.dataset.stage;
    const online = document.querySelector('[data-testid=signaling]')?.dataset.state === 'online' || stage === 'ready';
    return given && online && document.querySelector('[data-testid=enter]');
  };
  if (sessionStorage.getItem(ENTERS)) {
    sessionStorage.removeItem(ENTERS);
    const timer = setInterval(() => {
      if (!ready()) return;
      clearInterval(timer);
      ready().click();
    }, 10);
  }
  const reloadAndEnter = () => {
    sessionStorage.setItem(ENTERS, 'true');
    // After the answer to whoever asked for it.
    setTimeout(() => location.reload(), 0);
  };

  listen(window, 'pagehide', () => clearInterval(following));

  Object.assign(window.__probe, {
    tiles,
    tileHistory: () => history,
    startFrameClock,
    frameClock,
    frameAfter: (time) => shown.find((frame) => frame > time) ?? null,
    transceivers,
    addTrackTo,
    addSectionsTo,
    packetsByMid,
    negotiation,
    selectedPath,
    candidatesAdded: (id) => additions.get(connectionOf(id)) ?? [],
    restartIce: (id) => connectionOf(id).restartIce(),
    closeConnection: (id) => connectionOf(id).close(),
    controlState: (id) => channel(id)?.readyState ?? null,
    greeting: (id) => greetings.get(channel(id)) ?? null,
    sendControl: (id, text) => channel(id).send(text),
    delayControl: (longest) => {
      slowness = longest;
    },
    congestControl: () => {
      congested = true;
      return given;
    },
    sockets: () => sockets,
    loseDevice,
    returnDevice,
    reloadAndEnter,
    ready: () => Boolean(ready()),
  });
})();
