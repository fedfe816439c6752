// What `bench join`, `bench mesh` and `bench recover` compare the app with: the same call through the same server, written
// by hand with nothing in between, as mesh applications in the field write it at their best. Everybody is in one grid that
// fits the window, as in the app. As in the app, socket and devices
// are ready before the button is pressed, the connection is made as soon as it is known to whom, who is in the room
// offers at once, candidates trickle, and names and marks go over a data channel. When something goes wrong:
// - The signaling connection is lost: socket.io reconnects by itself, at its usual pace. The server gives a new id then,
//   so everybody's connections from before are closed, the room is joined again, and the others offer anew. (Several
//   applications close them as soon as the signaling connection is lost.)
// - The connection's state becomes `failed`: who offered restarts ICE, through the server. (Most applications do nothing,
//   or drop the peer.)
// - Somebody leaves, or the server finds that they are gone: their connection is closed and their picture removed.
// - The page is loaded again: it enters as anybody new does.

const parameters = new URLSearchParams(location.hash.slice(1));
const room = parameters.get('room');
const socket = io(parameters.get('server') ?? undefined, { transports: ['websocket'] });
const peers = new Map();
let iceServers = [];
let localStream;
let entered = false;

// The columns that make the tiles largest, each between 4:3 and 16:9.
const grid = document.getElementById('grid');
const GAP = 12;
function arrange() {
  const count = grid.children.length;
  const { clientWidth, clientHeight } = grid;
  let best = { width: 0, height: 0 };
  for (let columns = 1; columns <= count; columns += 1) {
    const rows = Math.ceil(count / columns);
    const cellHeight = (clientHeight - GAP * (rows - 1)) / rows;
    const width = Math.floor(Math.min((clientWidth - GAP * (columns - 1)) / columns, (cellHeight * 16) / 9));
    const height = Math.floor(Math.min(cellHeight, (width * 3) / 4));
    if (width * height > best.width * best.height) best = { width, height };
  }
  grid.style.setProperty('--tile-width', `${best.width}px`);
  grid.style.setProperty('--tile-height', `${best.height}px`);
}
window.addEventListener('resize', arrange);
arrange();

async function start() {
  localStream = await navigator.mediaDevices.getUserMedia({
    video: { width: { ideal: 1280 }, height: { ideal: 720 } },
    audio: { echoCancellation: true, noiseSuppression: true },
  });
  document.getElementById('local').srcObject = localStream;
  if (!socket.connected) await new Promise((resolve) => socket.once('connect', resolve));
  document.body.dataset.stage = 'ready';
}

function createPeer(id) {
  closePeer(id);
  const connection = new RTCPeerConnection({ iceServers });
  const peer = { connection, tile: null, name: null, offers: false };
  peers.set(id, peer);
  const control = connection.createDataChannel('control', { negotiated: true, id: 0 });
  control.onopen = () => {
    control.send(JSON.stringify({ type: 'hello', name: 'plain' }));
    control.send(JSON.stringify({ type: 'media', audio: true, video: true }));
  };
  control.onmessage = ({ data }) => {
    const message = JSON.parse(data);
    if (message.type === 'hello') peer.name = message.name;
  };
  connection.onicecandidate = ({ candidate }) => {
    if (candidate) socket.emit('ice-candidate', { target: id, candidate });
  };
  connection.ontrack = ({ streams: [stream] }) => {
    if (peer.tile) return;
    const video = document.createElement('video');
    video.autoplay = true;
    video.playsInline = true;
    video.srcObject = stream;
    peer.tile = document.createElement('div');
    peer.tile.dataset.testid = 'tile';
    peer.tile.dataset.peer = id;
    peer.tile.append(video);
    grid.append(peer.tile);
    arrange();
  };
  connection.onconnectionstatechange = () => {
    if (connection.connectionState === 'failed' && peer.offers) {
      connection.restartIce();
      offer(id);
    }
  };
  return peer;
}

async function offer(id) {
  const { connection } = peers.get(id);
  await connection.setLocalDescription();
  socket.emit('offer', { target: id, offer: connection.localDescription });
}

function addTracks(connection) {
  if (connection.getSenders().some(({ track }) => track)) return;
  for (const track of localStream.getTracks()) connection.addTrack(track, localStream);
}

function closePeer(id) {
  peers.get(id)?.connection.close();
  peers.get(id)?.tile?.remove();
  peers.delete(id);
  arrange();
}

function enter() {
  socket.emit('join-room', room, (answer) => {
    iceServers = answer.iceServers ?? iceServers;
    answer.existingUsers.forEach(createPeer);
    entered = true;
    document.body.dataset.stage = 'entered';
  });
}

socket.on('connect', () => {
  if (!entered) return;
  [...peers.keys()].forEach(closePeer);
  enter();
});
socket.on('user-joined', ({ userId }) => {
  const peer = createPeer(userId);
  peer.offers = true;
  addTracks(peer.connection);
  offer(userId);
});
socket.on('offer', async ({ from, offer }) => {
  const { connection } = peers.get(from) ?? createPeer(from);
  await connection.setRemoteDescription(offer);
  addTracks(connection);
  await connection.setLocalDescription();
  socket.emit('answer', { target: from, answer: connection.localDescription });
});
socket.on('answer', ({ from, answer }) => peers.get(from)?.connection.setRemoteDescription(answer));
socket.on('ice-candidate', ({ from, candidate }) => peers.get(from)?.connection.addIceCandidate(candidate));
socket.on('user-left', ({ userId }) => closePeer(userId));

document.querySelector('[data-testid=enter]').onclick = enter;
document.querySelector('[data-testid=leave]').onclick = () => {
  entered = false;
  socket.emit('leave-room', () => {
    [...peers.keys()].forEach(closePeer);
    document.body.dataset.stage = 'ready';
  });
};

start();
