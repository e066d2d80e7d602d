// The classic: Express, JSON Web Tokens by a shared secret, bcrypt, SQLite.
// node server.mjs text|key [port]: the secret as a string, as tutorials have it, or as a KeyObject,
// which jsonwebtoken need not make anew for every token.
import { createSecretKey, randomBytes, randomUUID } from "node:crypto";
import bcrypt from "bcrypt";
import Database from "better-sqlite3";
import cookieParser from "cookie-parser";
import express from "express";
import jwt from "jsonwebtoken";

const [kind = "text", port = "0"] = process.argv.slice(2);
const secret = () => {
  const bytes = randomBytes(32);
  return kind === "key" ? createSecretKey(bytes) : bytes.toString("hex");
};
const accessSecret = secret();
const refreshSecret = secret();

const db = new Database(process.env.DATABASE ?? ":memory:");
db.pragma("journal_mode = WAL");
db.exec(`
  CREATE TABLE users (id TEXT PRIMARY KEY, username TEXT UNIQUE, password TEXT, role TEXT);
  CREATE TABLE refresh_tokens (id TEXT PRIMARY KEY, user_id TEXT, expires_at INTEGER);
`);
const addUser = db.prepare("INSERT INTO users VALUES (?, ?, ?, ?)");
const userByName = db.prepare("SELECT * FROM users WHERE username = ?");
const userById = db.prepare("SELECT id, username, role FROM users WHERE id = ?");
const addToken = db.prepare("INSERT INTO refresh_tokens VALUES (?, ?, ?)");
const tokenById = db.prepare("SELECT * FROM refresh_tokens WHERE id = ?");

const password = "correct horse battery staple";
for (const name of ["ann", "lea"]) {
  addUser.run(randomUUID(), name, await bcrypt.hash(password, 10), "user");
}

const accessFor = (user) =>
  jwt.sign({ sub: user.id, role: user.role }, accessSecret, { expiresIn: "10m" });

const app = express();
app.use(express.json());
app.use(cookieParser());

app.post("/auth/login", async (req, res) => {
  const user = userByName.get(req.body.username);
  if (!user || !(await bcrypt.compare(req.body.password, user.password))) {
    return res.status(401).json({ error: "invalid credentials" });
  }
  const id = randomUUID();
  addToken.run(id, user.id, Date.now() + 12 * 3600 * 1000);
  const refresh = jwt.sign({ sub: user.id, jti: id }, refreshSecret, { expiresIn: "12h" });
  res.cookie("refresh", refresh, { httpOnly: true, sameSite: "strict", path: "/" });
  res.json({ access_token: accessFor(user), token_type: "Bearer", expires_in: 600 });
});

app.post("/auth/refresh", (req, res) => {
  try {
    const claims = jwt.verify(req.cookies.refresh, refreshSecret);
    const row = tokenById.get(claims.jti);
    if (!row || row.expires_at < Date.now()) throw new Error("ended");
    const user = userById.get(row.user_id);
    res.json({ access_token: accessFor(user), token_type: "Bearer", expires_in: 600 });
  } catch {
    res.status(401).json({ error: "session ended" });
  }
});

const authenticated = (req, res, next) => {
  const [scheme, token] = (req.headers.authorization ?? "").split(" ");
  try {
    if (scheme !== "Bearer") throw new Error("no token");
    req.user = jwt.verify(token, accessSecret);
    next();
  } catch {
    res.status(401).json({ error: "invalid token" });
  }
};

app.get("/auth/me", authenticated, (req, res) => res.json(userById.get(req.user.sub)));

const server = app.listen(Number(port), "127.0.0.1", () =>
  console.log(`listening on http://127.0.0.1:${server.address().port}`));
