/** How an engine process asks to be started again with the settings as they are now: by the code it ends with. */
export const RESTART_WANTED = 75;
