// Watches a page from inside, so that tests see in every browser alike what no interface shows: peer connections, what
// they receive and which elements play it, captured tracks and copies of them, listeners that are still registered, the
// wasm memory, the console, and when the steps of joining a room happened. It runs before any other script and changes
// nothing that the page can notice.
(() => {
  const CONSOLE_LINES = 200;
  const WASM_PAGE = 65536;
  const WATCHED = ['RTCPeerConnection', 'RTCDataChannel', 'MediaStreamTrack', 'WebSocket', 'MediaDevices', 'Window', 'Document'];

  if (new URLSearchParams(location.search).has('without-webrtc')) {
    delete window.RTCPeerConnection;
    delete window.webkitRTCPeerConnection;
  }

  // As where a policy of the device's owner forbids connections.
  if (new URLSearchParams(location.search).has('refused-webrtc')) {
    window.RTCPeerConnection = class extends RTCPeerConnection {
      constructor() {
        throw new DOMException('forbidden by policy', 'NotAllowedError');
      }
    };
  }

  const { addEventListener, removeEventListener } = EventTarget.prototype;
  const listen = (target, type, listener) => addEventListener.call(target, type, listener);

  // ---- console ----
  const lines = [];
  let written = 0;
  const write = (level, parts) => {
    written += 1;
    const text = parts.map((part) => (typeof part === 'string' ? part : String(part?.stack ?? part))).join(' ');
    lines.push(`${(performance.now() / 1000).toFixed(3)} ${level}: ${text}`);
    if (lines.length > CONSOLE_LINES) lines.shift();
  };
  for (const level of ['debug', 'log', 'info', 'warn', 'error']) {
    const native = console[level];
    console[level] = (...parts) => {
      write(level, parts);
      native.apply(console, parts);
    };
  }
  listen(window, 'error', (event) => write('uncaught', [event.error ?? event.message]));
  listen(window, 'unhandledrejection', (event) => write('unhandled', [event.reason]));
  listen(document, 'securitypolicyviolation', (event) => write('policy', [event.violatedDirective, event.blockedURI]));

  // ---- listeners ----
  const balance = Object.fromEntries(WATCHED.map((name) => [name, 0]));
  const registered = new WeakMap(); // target → Map(listener → Set("type capture"))
  const className = (target) => WATCHED.find((name) => window[name] && target instanceof window[name]);
  const forget = (target, key, listener) => {
    if (registered.get(target)?.get(listener)?.delete(key)) balance[className(target)] -= 1;
  };
  const keyOf = (type, options) => `${type} ${typeof options === 'object' ? Boolean(options?.capture) : Boolean(options)}`;
  EventTarget.prototype.addEventListener = function (type, listener, options) {
    const target = this ?? window;
    // Firefox gives a track's listeners the events that a script dispatches only if they say that they want them.
    addEventListener.call(target, type, listener, options, true);
    if (!listener || !className(target) || options?.signal?.aborted) return;
    if (!registered.has(target)) registered.set(target, new Map());
    const listeners = registered.get(target);
    if (!listeners.has(listener)) listeners.set(listener, new Set());
    const key = keyOf(type, options);
    if (listeners.get(listener).has(key)) return;
    listeners.get(listener).add(key);
    balance[className(target)] += 1;
    if (options?.once) listen(target, type, () => forget(target, key, listener));
    if (options?.signal) listen(options.signal, 'abort', () => forget(target, key, listener));
  };
  EventTarget.prototype.removeEventListener = function (type, listener, options) {
    const target = this ?? window;
    removeEventListener.call(target, type, listener, options);
    if (listener) forget(target, keyOf(type, options), listener);
  };

  // ---- the steps of joining ----
  let timeline = {};
  const mark = (step) => {
    if (step === 'enter') timeline = {};
    else if (!('enter' in timeline) || step in timeline) return;
    timeline[step] = performance.now();
  };
  addEventListener.call(
    document,
    'click',
    (event) => {
      if (event.target.closest('[data-testid=enter]')) mark('enter');
    },
    true,
  );
  const markFirstFrame = (track) => {
    const look = () => {
      // A track that is never shown must not keep the page drawing.
      if ('frame' in timeline || track.readyState === 'ended') return;
      const video = [...document.querySelectorAll('video')].find((video) => video.srcObject?.getTracks().includes(track));
      if (video) video.requestVideoFrameCallback(() => mark('frame'));
      else requestAnimationFrame(look);
    };
    look();
  };

  // ---- WebSocket ----
  const { send } = WebSocket.prototype;
  WebSocket.prototype.send = function (data) {
    if (/^42\d*\["(join|create)-room"/.test(data)) mark('request');
    if (/^42\d*\["answer"/.test(data)) mark('answer');
    send.call(this, data);
  };
  window.WebSocket = new Proxy(WebSocket, {
    construct(target, parameters) {
      const socket = new target(...parameters);
      listen(socket, 'message', ({ data }) => {
        if (/^43/.test(data)) mark('acknowledged');
        if (/^42\["offer"/.test(data)) mark('offer');
      });
      return socket;
    },
  });

  // ---- peer connections ----
  let created = 0;
  let restarts = 0;
  const live = new Map();
  if (window.RTCPeerConnection) {
    const { close, createOffer, restartIce } = RTCPeerConnection.prototype;
    RTCPeerConnection.prototype.close = function () {
      close.call(this);
      for (const [id, connection] of live) if (connection === this) live.delete(id);
    };
    RTCPeerConnection.prototype.restartIce = function () {
      restarts += 1;
      restartIce.call(this);
    };
    RTCPeerConnection.prototype.createOffer = function (...parameters) {
      if (parameters[0]?.iceRestart) restarts += 1;
      return createOffer.apply(this, parameters);
    };
    window.RTCPeerConnection = new Proxy(RTCPeerConnection, {
      construct(target, parameters) {
        const connection = new target(...parameters);
        created += 1;
        live.set(created, connection);
        mark('connection');
        listen(connection, 'track', ({ track }) => {
          mark('track');
          if (track.kind === 'video') markFirstFrame(track);
        });
        listen(connection, 'iceconnectionstatechange', () => {
          if (['connected', 'completed'].includes(connection.iceConnectionState)) mark('ice');
        });
        listen(connection, 'connectionstatechange', () => {
          if (connection.connectionState === 'connected') mark('connected');
        });
        return connection;
      },
    });
  }

  // The elements whose stream has a live track that the connection receives.
  const elementsOf = (connection) => {
    const tracks = connection.getReceivers().map((receiver) => receiver.track);
    const received = (element) =>
      element.srcObject?.getTracks().filter((track) => track.readyState === 'live' && tracks.includes(track)) ?? [];
    return [...document.querySelectorAll('video, audio')]
      .map((element) => ({ element, kinds: received(element).map((track) => track.kind) }))
      .filter(({ kinds }) => kinds.length > 0);
  };
  // The one of the camera. A shared screen is beside it, with sound of its own.
  const videoOf = (connection) =>
    elementsOf(connection).find(({ element }) => element.nodeName === 'VIDEO' && !isOfScreen(element))?.element;
  const isOfScreen = (element) => element.closest('[data-testid=screen]') !== null;
  // Frames shown since the first look at the element.
  const frames = new WeakMap();
  const framesOf = (video) => {
    if (!frames.has(video)) {
      frames.set(video, 0);
      const next = () =>
        video.requestVideoFrameCallback(() => {
          frames.set(video, frames.get(video) + 1);
          next();
        });
      next();
    }
    return frames.get(video);
  };
  // Seconds that elements have played for a connection: `currentTime`, summed up from look to look, so that it goes on
  // when another element takes over.
  const positions = new WeakMap(); // element → its `currentTime` at the last look
  const played = new WeakMap(); // connection → seconds of sound and of pictures
  const playedBy = (connection) => {
    if (!played.has(connection)) played.set(connection, { audio: 0, video: 0 });
    const seconds = played.get(connection);
    const aloud = [];
    for (const { element, kinds } of elementsOf(connection)) {
      const moved = Math.max(0, element.currentTime - (positions.get(element) ?? element.currentTime));
      positions.set(element, element.currentTime);
      if (element.paused || isOfScreen(element)) continue;
      if (kinds.includes('audio') && !element.muted && element.volume > 0) {
        aloud.push(element);
        seconds.audio += moved;
      }
      if (kinds.includes('video') && element.videoWidth > 0) seconds.video += moved;
    }
    return { aloud: aloud.length, soundSeconds: seconds.audio, pictureSeconds: seconds.video };
  };
  const peerOf = (connection) => {
    const element = elementsOf(connection)[0]?.element;
    return element ? element.closest('[data-peer]')?.dataset.peer ?? element.id : null;
  };
  const shownIn = (connection) => {
    const video = videoOf(connection);
    return video ? { playing: !video.paused, width: video.videoWidth, frames: framesOf(video) } : null;
  };
  const statsOf = async ([id, connection]) => {
    const sums = { framesDecoded: 0, audioBytes: 0, audioEnergy: 0, audioSeconds: 0, audioSamples: 0, concealedSamples: 0 };
    for (const report of (await connection.getStats()).values()) {
      if (report.type !== 'inbound-rtp') continue;
      if (report.kind === 'video') sums.framesDecoded += report.framesDecoded ?? 0;
      if (report.kind === 'audio') {
        sums.audioBytes += report.bytesReceived ?? 0;
        sums.audioEnergy += report.totalAudioEnergy ?? 0;
        sums.audioSeconds += report.totalSamplesDuration ?? 0;
        sums.audioSamples += report.totalSamplesReceived ?? 0;
        sums.concealedSamples += report.concealedSamples ?? 0;
      }
    }
    const { connectionState: state } = connection;
    return { id, state, peer: peerOf(connection), shown: shownIn(connection), ...playedBy(connection), ...sums };
  };

  // ---- devices: every track that was captured here, and every copy of one ----
  const captured = [];
  let copies = 0;
  const keep = (tracks) => {
    for (const track of tracks) if (!captured.includes(track)) captured.push(track);
  };
  if (navigator.mediaDevices) {
    for (const name of ['getUserMedia', 'getDisplayMedia']) {
      const native = MediaDevices.prototype[name];
      if (!native) continue;
      MediaDevices.prototype[name] = async function (constraints) {
        const stream = await native.call(this, constraints);
        keep(stream.getTracks());
        return stream;
      };
    }
    const { clone } = MediaStreamTrack.prototype;
    MediaStreamTrack.prototype.clone = function () {
      copies += 1;
      const copy = clone.call(this);
      if (captured.includes(this)) keep([copy]);
      return copy;
    };
    const { clone: cloneStream } = MediaStream.prototype;
    MediaStream.prototype.clone = function () {
      copies += 1;
      const copy = cloneStream.call(this);
      if (this.getTracks().some((track) => captured.includes(track))) keep(copy.getTracks());
      return copy;
    };
  }
  const alive = () => captured.filter((track) => track.readyState === 'live');

  // ---- wasm ----
  let memory = null;
  let references = null; // wasm-bindgen's table of the JavaScript values that wasm holds, page elements among them
  // Counts the table's used slots; a free slot is null. The table's length is a high-water mark and never shrinks.
  const held = () => {
    let count = 0;
    for (let slot = 0; slot < (references?.length ?? 0); slot += 1) if (references.get(slot) != null) count += 1;
    return count;
  };
  const keepMemory = (result) => {
    const { exports } = result.instance ?? result;
    memory = exports.memory ?? memory;
    references = exports.__wbindgen_externrefs ?? references;
    return result;
  };
  for (const name of ['instantiate', 'instantiateStreaming']) {
    const native = WebAssembly[name];
    WebAssembly[name] = (...parameters) => native.apply(WebAssembly, parameters).then(keepMemory);
  }

  // ---- what was on the page ----
  const removedVideos = new Set();
  new MutationObserver((records) => {
    for (const node of records.flatMap((record) => [...record.removedNodes])) {
      const videos = node.nodeName === 'VIDEO' ? [node] : node.querySelectorAll?.('video') ?? [];
      for (const video of videos) removedVideos.add(new WeakRef(video));
    }
  }).observe(document, { childList: true, subtree: true });
  const retainedVideos = () => {
    window.gc?.();
    for (const video of removedVideos) if (!video.deref()) removedVideos.delete(video);
    return removedVideos.size;
  };

  window.__probe = {
    // For the scripts that follow; the objects themselves.
    page: { live, captured, keep, listen, framesOf, shownBy: videoOf, playersOf: elementsOf },
    connections: () => Promise.all([...live].map(statsOf)),
    counts: () => ({
      createdConnections: created,
      liveConnections: live.size,
      liveTracks: alive().length,
      copies,
      restarts,
      listeners: { ...balance },
      retainedVideos: retainedVideos(),
      wasmReferences: held(),
      wasmPages: memory ? memory.buffer.byteLength / WASM_PAGE : 0,
      scriptHeapBytes: performance.memory?.usedJSHeapSize ?? 0,
    }),
    timeline: () => timeline,
    alive: () => Object.fromEntries(['audio', 'video'].map((kind) => [kind, alive().filter((track) => track.kind === kind).length])),
    captured: () => captured.map(({ kind, readyState, enabled }) => ({ kind, readyState, enabled })),
    console: () => lines,
    consoleLines: () => written,
  };
})();
