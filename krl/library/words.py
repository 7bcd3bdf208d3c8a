"""The words that `random:word` draws from: common English ones, in lower case, none twice.

Their number and order belong to a replay's result: add at the end only.
"""

_TEXT = """
able acorn acre actor adult afternoon agent air alarm album alley almond amber anchor angle animal ankle answer
ant apple apricot april apron arch arm arrow artist ash aspen aunt autumn avenue awake axe baby back bacon badge
bag bake balance balcony ball balloon bamboo banana band bank bar bark barley barn basin basket bath bay beach bean
bear beaver bed bee beech beetle bell belt bench berry bicycle bird birch biscuit blanket blossom blue boat body
bolt bone book boot border bottle bottom bowl box boy brain branch brass brave bread breeze brick bridge bright
broad broom brother brown brush bucket builder bulb bull bundle bus bush butter button cabbage cabin cable cage
cake calendar calf calm camel camera camp canal candle canoe canvas cap captain card carpet carrot cart castle cat
cattle cave cedar ceiling cellar centre chain chair chalk chance cheek cheese cherry chess chest chicken child
chimney chin church cinema circle city clay clean clear clever cliff clock cloth cloud clover coach coal coast coat
coffee coin cold collar colour comb copper coral corn corner cotton couch country cousin cow crab cradle crane
cream creek cricket crow crown cube cup cupboard curtain cushion daisy dance dark daughter dawn day deep deer desert
desk diamond dinner dish doctor dog dolphin donkey door dove dragon drawer dream dress drum dry duck dune dust
eagle ear early earth east echo edge eel egg elbow elder elephant elm ember empty engine evening eye face falcon
family farm farmer father feather fence fern ferry field fig finger fire first fish flag flame flat flint floor
flour flower flute fly foam fog folk foot forest fork fountain fox frame fresh friend frog frost fruit full garden
garlic gate gentle ghost giant ginger giraffe girl glad glass glove goat gold good goose grain grand grape grass
gravel great green grey ground guest guitar gull hall hammer hand handle happy harbour hare harp harvest hat hawk
hazel head heart heather hedge heel helmet hen herb hill hinge hip holiday hollow honey hood hook horn horse hotel
hour house hungry hunter ice idea ink inn iron island ivory ivy jacket jam jar jelly jewel joke journey judge juice
july june jungle kettle key kind king kitchen kite kitten knee knife knight knot ladder lady lake lamb lamp land
lane lantern large lark laugh laurel lawn leaf leather left leg lemon leopard letter lettuce level library light
lily lime line linen lion lip lizard loaf lobster lock log long loud low lucky lunch magnet maple marble march
market marsh mask mast meadow meal melon metal middle midnight mill mint minute mirror mist mole monday money
monkey month moon morning moss moth mother motor mountain mouse mouth mud mule museum mushroom music nail narrow
neck needle neighbour nest new night noise noon north nose note number nurse nut oak oar oat ocean olive onion
open orange orchard otter oven owl oyster paddle page paint palace palm paper parade parcel parent park parrot
path pea peach peacock pear pearl pebble pelican pen pencil penguin pepper piano picnic picture pie pigeon pillow
pilot pine pink pipe plain planet plant plate plough plum pocket poem poet pond pony poplar poppy porch potato
pottery pumpkin puppet purple quarry queen quick quiet quilt rabbit raft rain rainbow raven red reed ribbon rice
rich ring ripe river road robin rock roof room root rope rose rough round ruby rug saddle sail salmon salt sand
sandwich saturday scarf school sea seal season seed shade sheep shell shepherd ship shirt shoe shore short shoulder
silk silver singer sister sky sleeve slow small smile smoke smooth snail snow soap sock soft song soup south spark
sparrow spider spoon spring square squirrel stable stair star station steam steel stem stone stool storm story
stove straw stream street string strong sugar summer sun sunday supper swallow swan sweet swift table tail tailor
tall tea teacher tent thick thin thistle thread thumb thunder thursday ticket tiger timber tin toad tomato tooth
top torch tower town toy track train tree triangle trout truck trumpet trunk tuesday tulip tunnel turkey turnip
turtle twig umbrella uncle valley vase velvet village vine violet violin voice wagon walk wall walnut warm watch
water wave wax weather wednesday week west whale wheat wheel whistle white wide wild willow wind window wine wing
winter wise wolf wood wool world yard year yellow young zebra
"""

WORDS: tuple[str, ...] = tuple(_TEXT.split())
