import { type Browser, launch } from 'puppeteer-core';

/** Debian's Chromium, without a window. Audio plays, unheard, without a click. */
export const launchChromium = (): Promise<Browser> =>
  launch({
    executablePath: '/usr/bin/chromium',
    args: [
      '--autoplay-policy=no-user-gesture-required',
      '--mute-audio',
      // Chromium's sandbox does not work for root.
      ...(process.getuid?.() === 0 ? ['--no-sandbox'] : []),
    ],
  });
