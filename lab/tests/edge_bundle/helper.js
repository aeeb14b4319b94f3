export const greeting = "hello from the bundle";
