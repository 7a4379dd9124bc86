// The text to look through: title, words, and something to open.

export const TEXT = [
  ["A box with wheels", "Douglas Engelbart's group at Stanford Research Institute tried out many ways to point at a screen in the 1960s: light pens, joysticks, a lever for the knee. A small wooden box with two wheels underneath, built by Bill English, was quick and made few errors. It was shown in public in 1968.",
    ["Why a mouse?", "Its cable came out at the back like a tail. Nobody remembers who said it first."]],
  ["Far and small takes longer", "In 1954 Paul Fitts let people tap between two plates with a pen. The time for each tap grew with the distance and shrank with the width of the plate, in one simple way: with the logarithm of their ratio. The same holds for a mouse on a screen.",
    ["The rule", "Time = a + b · log₂(distance ÷ width + 1). The numbers a and b are a person's and a device's own."]],
  ["Fast first, then careful", "A movement to a target begins with one large, fast stroke that is hardly steered. It lands near the target. Small corrections follow, each slower than the one before. Robert Woodworth described these two parts in 1899, with a pencil and a roll of paper.",
    ["How small?", "The last corrections on a screen are often of one or two pixels, and last less than a tenth of a second."]],
  ["Smooth, but not straight", "Free movements of the hand have a speed that looks like a bell: slow at the start, fastest near the middle, slow at the end. Their paths are nearly straight, but hardly ever exactly so. Wrist and elbow turn, and what turns draws arcs.",
    ["And drawing?", "In a curve the hand slows down, the more the tighter the curve is."]],
  ["Noise that grows", "Muscles are not exact, and the more force they give, the less exact they are. A fast movement therefore ends with more spread than a slow one. People know this without knowing it: they choose a speed at which they will still hit.",
    ["Does practice help?", "Yes, for years. But the noise stays; what improves is how it is made up for."]],
  ["What a browser sees", "A page is told of the pointer's position many times a second, each time with a clock's reading. Between two of these the hand has moved on. Fast movements are few points far apart, slow ones many points close together.",
    ["How many times?", "Most mice report 125 or 1,000 times a second. A page hears of them with each picture that the screen shows, and can ask for those in between."]],
  ["What no hand does", "A program that moves a pointer along a line in equal steps looks like nothing a hand ever made. One that copies a person's movement looks like a hand, but like the same hand at the same moment, again and again. Much lies between these two, and telling them apart is what this program is for.",
    ["Is it always right?", "No. It says how sure it is, and says unfamiliar where it has not seen the like."]],
];
