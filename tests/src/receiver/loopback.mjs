// Spotlight listens on all networks; loaded before it, this keeps it on this machine.
import { Server } from 'node:net';

const listen = Server.prototype.listen;
Server.prototype.listen = function (port, ...rest) {
  if (typeof port === 'object') return listen.call(this, { ...port, host: '127.0.0.1' }, ...rest);
  const listening = rest.find((argument) => typeof argument === 'function');
  return listen.call(this, port, '127.0.0.1', listening);
};
