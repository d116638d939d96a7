/** As in electron-builder.yml: Windows shows notices only of the app that its start menu knows under this name. */
export const APP_ID = "dev.bellows.app";
