// Clients of npm's `socket.io-client`, one for each transport setting, that stay connected for three ping intervals and a
// half, and are pinged in each: `node stay.cjs URL MILLISECONDS`.

const { io } = require('socket.io-client');

const SETTINGS = [['polling'], ['websocket'], ['polling', 'websocket'], ['websocket', 'polling']];
const [url, interval] = [process.argv[2], Number(process.argv[3])];

function stay(transports) {
  return new Promise((resolve, reject) => {
    const socket = io(url, { transports, reconnection: false, forceNew: true });
    let pings = 0;
    socket.io.on('ping', () => { pings += 1; });
    socket.on('connect_error', reject);
    socket.on('disconnect', (reason) => reject(new Error(reason)));
    socket.on('connect', () => setTimeout(() => {
      if (pings < 3) reject(new Error(`${pings} pings`));
      socket.off('disconnect');
      socket.close();
      resolve();
    }, interval * 3.5));
  }).catch((error) => { throw new Error(`${transports}: ${error.message}`); });
}

Promise.all(SETTINGS.map(stay)).then(() => console.log('all stayed connected'), (error) => {
  console.error(error.message);
  process.exit(1);
});
