// The guide's signaling server: section 6 as it stands there, inside what it implies around it: a room to create and to
// join, a file server for the page, and a port. `node server.cjs DIRECTORY [bare]`; npm's `socket.io` has to be found.

const fs = require('node:fs');
const http = require('node:http');
const path = require('node:path');
const { Server } = require('socket.io');

const root = path.resolve(process.argv[2]);
const TYPES = {
  '.css': 'text/css',
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};

const server = http.createServer((request, response) => {
  const { pathname } = new URL(request.url, 'http://localhost');
  const file = path.join(root, path.normalize(pathname.endsWith('/') ? pathname + 'index.html' : pathname));
  fs.readFile(file, (error, data) => {
    response.writeHead(error ? 404 : 200, { 'content-type': TYPES[path.extname(file)] ?? 'application/octet-stream' });
    response.end(error ? '' : data);
  });
});

const io = new Server(server, { cors: { origin: '*' } });

io.on('connection', (socket) => {
  socket.on('create-room', (roomId, answer) => {
    socket.join(roomId);
    answer({ success: true, roomId });
  });

  socket.on('join-room', (roomId, answer) => {
    const existingUsers = [...(io.sockets.adapter.rooms.get(roomId) ?? [])];
    socket.join(roomId);
    answer({ success: true, roomId, existingUsers });
    socket.to(roomId).emit('user-joined', { userId: socket.id });
  });

  // ===== backend/server.js =====

  // Offer 중계
  socket.on('offer', (data) => {
    console.log(`Offer 중계: ${socket.id} → ${data.target}`);

    // 그냥 전달만 함 (내용 몰라도 됨)
    socket.to(data.target).emit('offer', {
      offer: data.offer,
      from: socket.id
    });
  });

  // Answer 중계
  socket.on('answer', (data) => {
    console.log(`Answer 중계: ${socket.id} → ${data.target}`);

    socket.to(data.target).emit('answer', {
      answer: data.answer,
      from: socket.id
    });
  });

  // ICE Candidate 중계
  socket.on('ice-candidate', (data) => {
    console.log(`ICE 중계: ${socket.id} → ${data.target}`);

    socket.to(data.target).emit('ice-candidate', {
      candidate: data.candidate,
      from: socket.id
    });
  });
});

server.listen(0, '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
  if (process.argv[3] === 'bare') {
    // To be measured: without a line for each message, and without garbage on demand.
    console.log = () => {};
    process.on('SIGUSR2', () => global.gc());
  }
});
