// WorkOS's own emulator on a free port. Prints "ready URL", and ends when its standard input does.
import { createEmulator } from 'workos/emulate';

const emulator = await createEmulator({
  port: 0,
  seed: {
    users: [
      { email: 'mira@acme.test', first_name: 'Mira', last_name: 'Bell', email_verified: true },
      { email: 'noor@acme.test', first_name: 'Noor', last_name: null, email_verified: false },
      {
        email: 'seen@acme.test',
        first_name: 'Seen',
        last_name: 'Through',
        email_verified: true,
        impersonator: { email: 'admin@acme.test', reason: 'a test' },
      },
    ],
  },
});

// Nobody listens after the first line.
process.stdout.on('error', () => {});
process.stdin.on('end', () => process.exit(0)).resume();
console.log(`ready ${emulator.url}`);
