declare const hooks: { preload: string; install(): void };
export = hooks;
